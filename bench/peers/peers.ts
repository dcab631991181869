import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startProcess, type Server } from '../../support/servers.ts';

export type PeerName = 'JAX' | 'PyTorch';

/** A server of somebody else's making, started only while it is measured. */
export interface Peer {
  readonly name: PeerName;
  /** The Python modules that it needs, and whose versions are told. */
  readonly modules: readonly string[];
  /** A module in this folder, and the application in it, as uvicorn wants them. */
  readonly application: string;
}

export const peers: readonly Peer[] = [
  { name: 'JAX', modules: ['jax', 'fastapi', 'uvicorn', 'orjson', 'numpy'], application: 'jax_server:app' },
  { name: 'PyTorch', modules: ['torch', 'fastapi', 'uvicorn', 'orjson', 'numpy'], application: 'torch_server:app' },
];

export const python = process.env.PYTHON ?? 'python3';
const folder = fileURLToPath(new URL('.', import.meta.url));

/** The versions of modules of Python; where one is missing, which. */
export function versionsOf({ modules }: Pick<Peer, 'modules'>): { readonly versions: string } | { readonly missing: readonly string[] } {
  const found = modules.map((name) => {
    const { status, stdout } = spawnSync(python, ['-c', `import ${name}; print(${name}.__version__)`], { encoding: 'utf8' });
    return { name, version: status === 0 ? stdout.trim() : undefined };
  });
  const missing = found.filter(({ version }) => version === undefined).map(({ name }) => name);
  if (missing.length > 0) return { missing };
  return { versions: found.map(({ name, version }) => `${name} ${version!}`).join(', ') };
}

/**
 * Starts a peer and waits until it answers.
 *
 * @throws {Error} when it does not within a minute.
 */
export async function startPeer({ application }: Peer): Promise<Server> {
  return startProcess((port) => ({
    command: python,
    args: ['-m', 'uvicorn', application, '--port', String(port), '--log-level', 'warning'],
    folder,
    environment: { JAX_PLATFORMS: 'cpu', PYTHONDONTWRITEBYTECODE: '1' },
    readyPath: '/openapi.json',
    readySeconds: 60,
  }));
}
