import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { validate } from 'dockerfile-utils';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { nodeFlags } from '../../support/process.ts';
import { allSteps, contextFiles, contextFilter, dockerfileText, healthcheckCommand, root, stages } from './dockerfile.ts';

const final = stages.at(-1)!.name;

describe('Dockerfile', () => {
  it('passes the linter', () => {
    expect(validate(dockerfileText).map((problem) => problem.message)).toEqual([]);
  });

  it('has a linter that finds faults', () => {
    expect(validate('FROM node:24\nHEALTHCHECK --interva=30s CMD ls\nCOPY app\n')).toHaveLength(2);
  });

  it('makes the CPU image when no target is named', () => {
    expect(final).toBe('cpu');
  });

  it('starts from a base with a full version, the same Node line for every stage', () => {
    const names = new Set(stages.map((stage) => stage.name));
    const external = stages.map((stage) => stage.from).filter((from) => !names.has(from));
    const [node, ...others] = [...new Set(external)];
    expect(node).toMatch(/^node:\d+\.\d+\.\d+-[a-z]+-slim(@sha256:[0-9a-f]{64})?$/);
    expect(others).toEqual([expect.stringMatching(/^tensorflow\/tensorflow:\d+\.\d+\.\d+-gpu$/)]);
  });

  it.each(['cpu', 'gpu'])('runs as another user than root, with exec-form commands: %s', (target) => {
    const steps = allSteps(target);
    expect(steps.findLast((step) => step.keyword === 'USER')?.args).toEqual(['node']);
    const command = steps.findLast((step) => step.keyword === 'CMD');
    expect(command).toMatchObject({ execForm: true, args: ['node', ...nodeFlags, 'dist/server.js'] });
    expect(nodeFlags).toHaveLength(3);
    expect(steps.find((step) => step.keyword === 'ENTRYPOINT')).toBeUndefined();
  });

  it.each(['cpu', 'gpu'])('stops on SIGTERM and listens on every address: %s', (target) => {
    const steps = allSteps(target);
    expect(steps.findLast((step) => step.keyword === 'STOPSIGNAL')?.args).toEqual(['SIGTERM']);
    const env = Object.assign({}, ...steps.filter((step) => step.keyword === 'ENV').map((step) => step.properties)) as Record<
      string,
      string
    >;
    expect(env).toMatchObject({ NODE_ENV: 'production', HOST: '0.0.0.0', PORT: '3000' });
    expect(steps.find((step) => step.keyword === 'EXPOSE')?.args).toEqual(['3000']);
  });

  it.each(['cpu', 'gpu'])('checks health with what the image has: %s', (target) => {
    const [program, , script] = healthcheckCommand(target);
    expect(program).toBe('node');
    expect(script).toContain('/readyz');
  });

  it('copies manifests before sources, so that a change of source keeps the installed packages', () => {
    for (const stage of stages) {
      const install = stage.steps.findIndex((step) => step.keyword === 'RUN' && step.text.includes('npm ci'));
      if (install < 0) continue;
      const before = stage.steps.slice(0, install).flatMap((step) => (step.keyword === 'COPY' ? step.args.slice(0, -1) : []));
      expect(before).toEqual(['package.json', 'package-lock.json']);
    }
  });

  it.each([
    ['cpu', 'npm ci --omit=dev --omit=optional --ignore-scripts'],
    ['gpu', 'npm ci --omit=dev --ignore-scripts'],
  ])('takes only what it needs of the dependencies into the %s image', (target, install) => {
    const copies = allSteps(target).filter((step) => step.keyword === 'COPY' && step.args.some((arg) => arg.includes('/app/node_modules')));
    expect(copies).toHaveLength(1);
    const source = stages.find((stage) => stage.name === copies[0]!.flags.from);
    expect(source?.steps.filter((step) => step.keyword === 'RUN').map((step) => step.text)).toEqual([install]);
  });

  it('builds TensorFlow into the gpu image from what its base has', () => {
    const runs = allSteps('gpu')
      .filter((step) => step.keyword === 'RUN')
      .map((step) => step.text);
    expect(runs.at(-1)).toContain('node tools/tensorflow-install/main.mjs --from python');
    expect(runs.some((text) => text.includes('"tensorflow[and-cuda]==${TENSORFLOW_VERSION}"'))).toBe(true);
    const built = allSteps('gpu').findIndex((step) => step.text.includes('tensorflow-install/main.mjs'));
    expect(allSteps('gpu').findIndex((step) => step.keyword === 'USER')).toBeGreaterThan(built);
  });

  it('uses no ADD, no latest tag, no sudo', () => {
    for (const stage of stages) {
      expect(stage.from).not.toMatch(/:latest$/);
      for (const step of stage.steps) {
        expect(step.keyword).not.toBe('ADD');
        if (step.keyword === 'RUN') expect(step.text).not.toMatch(/\bsudo\b|curl[^|]*\|\s*(ba)?sh/);
      }
    }
  });
});

describe('.dockerignore', () => {
  it('lets in exactly what the Dockerfile copies', () => {
    const copied = stages
      .flatMap((stage) => stage.steps)
      .filter((step) => step.keyword === 'COPY' && !('from' in step.flags))
      .flatMap((step) => step.args.slice(0, -1));
    const files = contextFiles();
    for (const source of copied) {
      expect(
        files.some((file) => file === source || file.startsWith(`${source}/`)),
        `${source} is in the context`,
      ).toBe(true);
    }
    for (const file of files) {
      expect(
        copied.some((source) => file === source || file.startsWith(`${source}/`)),
        `${file} is copied`,
      ).toBe(true);
    }
  });

  it.each(['node_modules/fastify/package.json', '.git/config', '.env', '.npmrc', 'dist/server.js', 'test/golden/lif.json'])(
    'keeps %s out',
    (file) => {
      expect(contextFilter.ignores(file)).toBe(true);
    },
  );
});

interface Compose {
  services: Record<string, Record<string, unknown>>;
}

describe('docker-compose.yml', () => {
  const file = path.join(root, 'docker-compose.yml');
  const { services } = parse(readFileSync(file, 'utf8')) as Compose;

  it('agrees with the Compose schema and passes the linter', () => {
    const linter = path.join(root, 'node_modules/dclint/bin/dclint.cjs');
    const { stdout, stderr, status } = spawnSync(process.execPath, [linter, '--max-warnings', '0', file], { encoding: 'utf8' });
    expect((stdout + stderr).trim()).toBe('');
    expect(status).toBe(0);
  });

  it('starts the CPU service alone unless the profile gpu is asked for', () => {
    expect(
      Object.entries(services)
        .filter(([, { profiles }]) => profiles === undefined)
        .map(([name]) => name),
    ).toEqual(['api']);
    expect(services.gpu).toMatchObject({
      profiles: ['gpu'],
      deploy: { resources: { reservations: { devices: [{ driver: 'nvidia', count: 1, capabilities: ['gpu'] }] } } },
    });
  });

  describe.each([
    ['api', 'cpu'],
    ['gpu', 'gpu'],
  ])('%s', (name, stage) => {
    const service = services[name]!;

    it('builds a stage that is there', () => {
      expect((service.build as { target: string }).target).toBe(stage);
      expect(stages.map((candidate) => candidate.name)).toContain(stage);
    });

    it('takes from the container what the service does not need', () => {
      expect(service).toMatchObject({ init: true, read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
      const { limits } = (service.deploy as { resources: { limits: object } }).resources;
      expect(Object.keys(limits)).toEqual(['cpus', 'memory', 'pids']);
      expect(service).toHaveProperty('tmpfs');
      expect(service).not.toHaveProperty('privileged');
    });

    it('leaves the service the time that it may take to stop', () => {
      const { drainDelayMs, shutdownMs } = loadConfig({}).timeouts;
      const grace = /^(\d+)s$/.exec(String(service.stop_grace_period));
      expect(Number(grace?.[1]) * 1000).toBeGreaterThan(drainDelayMs + shutdownMs);
    });

    it('checks health as the image does', () => {
      expect((service.healthcheck as { test: string[] }).test).toEqual(['CMD', ...healthcheckCommand(stage)]);
    });
  });
});
