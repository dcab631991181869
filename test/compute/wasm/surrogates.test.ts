import { WasmBackend } from '../../../src/compute/backends/wasm/wasm-backend.ts';
import { itComputesSurrogates } from '../contract/surrogates.ts';
import { inline } from '../support/jobs.ts';

itComputesSurrogates(() => WasmBackend.create(inline));
