import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { root, stages } from './dockerfile.ts';

const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const manifest = JSON.parse(read('package.json')) as Record<string, unknown> & { name: string; version: string; engines: { node: string } };

interface Job {
  container?: string;
  permissions?: Record<string, string>;
  strategy?: { matrix: { node?: number[]; include?: { target: string; suffix: string; platforms: string }[] } };
  steps: { uses?: string; run?: string; env?: Record<string, string>; with?: Record<string, unknown> }[];
}
const folder = '.github/workflows';
const names = readdirSync(path.join(root, folder));
const workflow = (name: string) => parse(read(`${folder}/${name}`)) as { permissions: object; jobs: Record<string, Job> };

describe('workflows', () => {
  it.each(names)('%s names actions by commit, with the version beside it, and grants no more than each job needs', (name) => {
    const uses = read(`${folder}/${name}`)
      .split('\n')
      .filter((line) => line.includes('uses:'));
    for (const line of uses) expect(line).toMatch(/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    const { permissions, jobs } = workflow(name);
    expect([{}, { contents: 'read' }]).toContainEqual(permissions);
    const checkouts = Object.values(jobs).flatMap(({ steps }) => steps.filter((step) => step.uses?.startsWith('actions/checkout@')));
    for (const checkout of checkouts) expect(checkout.with).toEqual({ 'persist-credentials': false });
  });

  it('check the oldest Node that is supported, and the one of the image', () => {
    const [job] = Object.values(workflow('checks.yml').jobs);
    const versions = job!.strategy!.matrix.node!;
    const [, image] = /^ARG NODE_VERSION=(\d+)/m.exec(read('Dockerfile'))!;
    expect(versions[0]).toBe(Number(manifest.engines.node.replace('>=', '')));
    expect(versions).toContain(Number(image));
    const run = job!.steps.find((step) => step.run?.includes('.ci/run'))!;
    for (const variable of Object.keys(run.env!)) expect(read('.ci/run')).toContain(`\${${variable}-`);
  });

  it('publish the images that the manifests run, for both processors where the image has no native code', () => {
    const [{ strategy, permissions, steps }] = Object.values(workflow('images.yml').jobs) as [Job];
    const targets = strategy!.matrix.include!;
    for (const { target } of targets) expect(stages.map((stage) => stage.name)).toContain(target);
    expect(targets.map(({ target, platforms }) => [target, platforms])).toEqual([
      ['cpu', 'linux/amd64,linux/arm64'],
      ['gpu', 'linux/amd64'],
    ]);
    expect(permissions).toMatchObject({ packages: 'write', 'id-token': 'write' });
    expect(steps.find((step) => step.uses?.startsWith('docker/build-push-action@'))!.with).toMatchObject({
      provenance: 'mode=max',
      sbom: true,
    });

    const images = (place: string) =>
      (parse(read(`deploy/kubernetes/${place}/kustomization.yaml`)) as { images: { name: string; newName?: string; newTag: string }[] })
        .images;
    const published = `ghcr.io/OWNER/${manifest.name}`;
    const cpu = [{ name: manifest.name, newName: published, newTag: manifest.version }];
    expect([images('base'), images('kserve')]).toEqual([cpu, cpu]);
    const { suffix } = targets.find(({ target }) => target === 'gpu')!;
    const gpu = [{ name: published, newTag: manifest.version + suffix }];
    expect([images('components/gpu'), images('kserve-gpu')]).toEqual([gpu, gpu]);
  });
});

it('package.json says where the project is, with the placeholder that CONTRIBUTING.md explains', () => {
  const home = `https://github.com/OWNER/${manifest.name}`;
  expect(manifest).toMatchObject({
    homepage: `${home}#readme`,
    bugs: `${home}/issues`,
    repository: { type: 'git', url: `git+${home}.git` },
  });
  expect(manifest.keywords).toContain('surrogate-gradient');
  expect(read('CONTRIBUTING.md')).toContain('`OWNER`');
});

describe('dependabot', () => {
  /** What an ecosystem reads in a folder. */
  const reads: Record<string, RegExp> = {
    npm: /^package\.json$/,
    docker: /^Dockerfile$|\.yaml$/,
    'docker-compose': /^docker-compose.*\.yml$/,
    'github-actions': /^\.github$/,
  };
  const { updates } = parse(read('.github/dependabot.yml')) as {
    updates: { 'package-ecosystem': string; directory?: string; directories?: string[] }[];
  };

  it.each(updates)('finds something to update: %j', ({ 'package-ecosystem': ecosystem, directory, directories = [directory!] }) => {
    for (const place of directories)
      expect(
        readdirSync(path.join(root, place)).some((file) => reads[ecosystem]!.test(file)),
        place,
      ).toBe(true);
  });
});

describe('issue forms', () => {
  const forms = readdirSync(path.join(root, '.github/ISSUE_TEMPLATE')).filter((file) => file !== 'config.yml');

  it.each(forms)('%s has a name, a description, and fields with labels of their own', (file) => {
    const form = parse(read(`.github/ISSUE_TEMPLATE/${file}`)) as {
      name: string;
      description: string;
      body: { type: string; id?: string; attributes: { label?: string; value?: string } }[];
    };
    expect(form).toMatchObject({ name: expect.any(String) as string, description: expect.any(String) as string });
    const fields = form.body.filter(({ type }) => type !== 'markdown');
    expect(fields.length).toBeGreaterThan(0);
    for (const { type, id, attributes } of fields) {
      expect(['textarea', 'input', 'dropdown', 'checkboxes']).toContain(type);
      expect(id).toMatch(/^[\w-]+$/);
      expect(attributes.label).not.toBe('');
    }
    expect(new Set(fields.map(({ id }) => id)).size).toBe(fields.length);
    expect(new Set(fields.map(({ attributes }) => attributes.label)).size).toBe(fields.length);
  });

  it('stand beside a pull-request template and the documents that they lead to', () => {
    for (const file of ['.github/pull_request_template.md', 'SECURITY.md', 'CODE_OF_CONDUCT.md', 'CONTRIBUTING.md']) {
      expect(existsSync(path.join(root, file)), file).toBe(true);
    }
  });
});
