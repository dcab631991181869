import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startProcess, type Server } from './servers.ts';

export const balancers = { haproxy: 'haproxy.cfg', nginx: 'nginx.conf' } as const;
export type BalancerName = keyof typeof balancers;

/** Name and version; undefined where the machine does not have it. */
export function balancerVersion(name: BalancerName): string | undefined {
  const { error, stdout, stderr } = spawnSync(name, ['-v'], { encoding: 'utf8' });
  if (error !== undefined) return undefined;
  const version = /(?:version |nginx\/)([\d.]+)/.exec(stdout + stderr)?.[1] ?? '';
  return `${name} ${version}`.trim();
}

/** Starts a balancer in front of servers that run, and waits until it answers their `/livez`. */
export async function startBalancer(name: BalancerName, configure: (port: number) => string): Promise<Server> {
  const folder = mkdtempSync(path.join(tmpdir(), `${name}-`));
  // nginx keeps bodies in it, as another user where it is started as root.
  chmodSync(folder, 0o755);
  const file = path.join(folder, balancers[name]);
  const remove = () => {
    rmSync(folder, { recursive: true });
  };
  try {
    const server = await startProcess((port) => {
      const configuration = configure(port);
      writeFileSync(file, name === 'nginx' ? withOwnFolder(configuration, folder) : configuration);
      return { command: name, args: argumentsOf(name, file), folder, environment: {}, readyPath: '/livez', readySeconds: 10 };
    });
    return {
      ...server,
      async stop() {
        await server.stop();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

/** How a balancer is started in the foreground. */
function argumentsOf(name: BalancerName, file: string): string[] {
  if (name === 'haproxy') return ['-db', '-f', file];
  const folder = path.dirname(file);
  return ['-p', folder, '-e', path.join(folder, 'error.log'), '-c', file, '-g', `daemon off; pid ${folder}/pid;`];
}

/** nginx writes bodies into the system's folders otherwise, which are not everybody's. */
function withOwnFolder(configuration: string, folder: string): string {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${kind};`);
  return configuration.replace(/^http \{/m, `http {\n  ${paths.join(' ')}`);
}

/** Where HAProxy's page of statistics is while a test's HAProxy is on a port: the file's port, on a loopback address of its own. */
export const statsAddress = (port: number) => `127.1.${port >> 8}.${port & 255}:8404`;

/**
 * The balancer's file in deploy/balancers/, for replicas of this machine: their addresses in the place of `replica-1:3000` and so on.
 *
 * @param urls of as many replicas as the file has, or fewer: lines of others are left out.
 */
export function documentedConfiguration(name: BalancerName, port: number, urls: readonly string[]): string {
  const text = readFileSync(new URL(`../deploy/balancers/${balancers[name]}`, import.meta.url), 'utf8');
  return text
    .replace(/^(\s*(?:bind|listen)) :?8080/m, `$1 127.0.0.1:${port}`)
    .replace('bind 127.0.0.1:8404', `bind ${statsAddress(port)}`)
    .split('\n')
    .flatMap((line) => {
      const replica = /replica-(\d):3000/.exec(line);
      if (replica === null) return [line];
      const url = urls[Number(replica[1]) - 1];
      return url === undefined ? [] : [line.replace(replica[0], new URL(url).host)];
    })
    .join('\n');
}
