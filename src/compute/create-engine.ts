import { ReferenceBackend } from './backends/reference/reference-backend.ts';
import { WasmBackend } from './backends/wasm/wasm-backend.ts';
import type { Backend } from './backend.ts';
import { Engine } from './engine.ts';

/** Which back-end an engine uses, and how much of the machine. */
export interface EngineOptions {
  readonly backend: 'wasm' | 'reference';
  /** Threads that share a large job. */
  readonly threads: number;
}

/** Makes the engine that the configuration asks for; it still has to be warmed. */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  return new Engine(await createBackend(options));
}

async function createBackend({ backend, threads }: EngineOptions): Promise<Backend> {
  switch (backend) {
    case 'wasm':
      return WasmBackend.create({ threads });
    case 'reference':
      return new ReferenceBackend();
  }
}
