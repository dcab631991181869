import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { environmentVariables, loadConfig } from '../../src/config/config.ts';
import { freePort } from '../../support/process.ts';
import { root } from '../docs/markdown.ts';
import { Service } from '../http/service.ts';
import { allSteps } from '../packaging/dockerfile.ts';
import { schemaViolations, type Manifest } from './cluster-schemas.ts';
import { restrictedViolations, type PodSpec } from './pod-security.ts';

interface Probe {
  httpGet: { path: string; port: string | number };
}
interface EnvVar {
  name: string;
  value?: string;
  valueFrom?: {
    secretKeyRef?: { name: string; key: string; optional?: boolean };
    resourceFieldRef?: { resource: string; divisor: string };
  };
}
interface ApiContainer {
  name: string;
  image: string;
  env: EnvVar[];
  ports: { name: string; containerPort: number }[];
  startupProbe: Probe;
  readinessProbe: Probe;
  livenessProbe: Probe;
  lifecycle?: { preStop?: { sleep?: { seconds: number } } };
  resources: object;
  securityContext: object;
  volumeMounts: object[];
}
interface ApiPod {
  terminationGracePeriodSeconds: number;
  automountServiceAccountToken: boolean;
  enableServiceLinks: boolean;
  securityContext: object;
  containers: [ApiContainer];
  volumes: Record<string, unknown>[];
  tolerations?: object[];
}
interface Deployment {
  replicas?: number;
  selector: { matchLabels: Record<string, string> };
  template: { metadata: { labels: Record<string, string> }; spec: ApiPod & PodSpec };
}
interface ServiceSpec {
  selector: Record<string, string>;
  ports: { name: string; port: number; targetPort: string }[];
}
interface Kustomization {
  kind: string;
  resources?: string[];
  components?: string[];
  patches?: { path?: string; patch?: string; target?: { kind: string } }[];
}

const folder = path.join(root, 'deploy/kubernetes');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.yaml'));
const read = (file: string) => readFileSync(path.join(folder, file), 'utf8');

function documents(text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => {
    if (document.errors.length > 0) throw document.errors[0]!;
    return document.toJS() as Manifest;
  });
}

const isKustomization = (file: string) => path.basename(file) === 'kustomization.yaml';
const isPatch = (file: string) => file.endsWith('.patch.yaml');
const manifests = files
  .filter((file) => !isKustomization(file))
  .flatMap((file) =>
    documents(read(file)).map((manifest): [file: string, kind: string, manifest: Manifest] => [file, manifest.kind, manifest]),
  );
const kustomizations = files.filter(isKustomization).map((file): [string, Kustomization] => [file, parse(read(file)) as Kustomization]);

/** The spec of the one object of a kind in a file. */
function specOf(file: string, kind: string): unknown {
  const [found, ...more] = documents(read(file)).filter((manifest) => manifest.kind === kind);
  if (found === undefined || more.length > 0) throw new Error(`${file} must have one ${kind}`);
  return found.spec;
}

const name = 'surrogate-gradient-service';
const deployment = specOf('base/deployment.yaml', 'Deployment') as Deployment;
const pod = deployment.template.spec;
const [api] = pod.containers;
const runtime = specOf('kserve/serving-runtime.yaml', 'ServingRuntime') as Pick<ApiPod, 'containers' | 'volumes'> & {
  protocolVersions: string[];
  supportedModelFormats: [{ name: string; version: string }];
};
const { predictor } = specOf('kserve/inference-service.yaml', 'InferenceService') as {
  predictor: Omit<ApiPod, 'containers' | 'volumes'> & {
    minReplicas: number;
    maxReplicas: number;
    scaleTarget: number;
    model: Record<string, unknown>;
  };
};
/** The pod that KServe makes of the two. */
const kservePod: ApiPod & PodSpec = { ...predictor, containers: runtime.containers, volumes: runtime.volumes };
const redisPatch = specOf('components/redis/deployment.patch.yaml', 'Deployment') as {
  template: { spec: { containers: [{ env: EnvVar[] }] } };
};

describe('each manifest', () => {
  it.each(manifests)('%s is a %s by the schema of its kind', (file, _kind, manifest) => {
    expect(schemaViolations(manifest, isPatch(file))).toEqual([]);
  });

  it.each(kustomizations)('%s names files that are there', (file, { resources = [], components = [], patches = [] }) => {
    for (const target of [...resources, ...components, ...patches.flatMap(({ path: patch }) => patch ?? [])]) {
      expect(existsSync(path.join(folder, path.dirname(file), target)), target).toBe(true);
    }
  });

  it('is part of a kustomization', () => {
    const named = kustomizations.flatMap(([file, { resources = [], patches = [] }]) =>
      [...resources, ...patches.flatMap(({ path: patch }) => patch ?? [])].map((target) => path.join(path.dirname(file), target)),
    );
    expect(files.filter((file) => !isKustomization(file) && !named.includes(file))).toEqual([]);
  });

  it.each([
    [
      'a misspelt field',
      (spec: Deployment) => Object.assign(spec.template.spec, { terminationGracePeriod: 45 }),
      '/spec/template/spec must NOT have additional properties: terminationGracePeriod',
    ],
    [
      'a number where text belongs',
      (spec: Deployment) => Object.assign(spec.template.spec.containers[0].env[2]!, { value: 5000 }),
      '/spec/template/spec/containers/0/env/2/value must be string',
    ],
    ['a missing field', (spec: Deployment) => Reflect.deleteProperty(spec, 'selector'), "/spec must have required property 'selector'"],
    [
      'an amount that is none',
      (spec: Deployment) => Object.assign(spec.template.spec.containers[0].resources, { limits: { memory: '2 GB' } }),
      '/spec/template/spec/containers/0/resources/limits/memory must match pattern',
    ],
  ])('would be found out: %s', (_what, spoil, message) => {
    const [, , original] = manifests.find(([file]) => file === 'base/deployment.yaml')!;
    const manifest = structuredClone(original);
    spoil(manifest.spec as Deployment);
    expect(schemaViolations(manifest).join('\n')).toContain(message);
  });

  it('would be found out where it is a custom resource', () => {
    const [, , original] = manifests.find(([, kind]) => kind === 'ScaledObject')!;
    const manifest = structuredClone(original);
    Object.assign((manifest.spec as { fallback: object }).fallback, { behaviour: 'static' });
    expect(schemaViolations(manifest)).toEqual(['/spec/fallback must NOT have additional properties: behaviour']);
  });
});

describe('the pod security standard `restricted`', () => {
  const redis = (specOf('components/redis/redis.yaml', 'Deployment') as Deployment).template.spec;

  it.each([
    ['the service', pod],
    ["KServe's", kservePod],
    ['Redis', redis],
  ])('is met by %s', (_what, spec) => {
    expect(restrictedViolations(spec)).toEqual([]);
    expect(spec).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false });
    expect(spec.containers[0].securityContext).toMatchObject({ readOnlyRootFilesystem: true });
  });

  it('would be missed', () => {
    expect(
      restrictedViolations({ hostNetwork: true, volumes: [{ name: 'x', hostPath: { path: '/' } }], containers: [{ name: 'c' }] }),
    ).toEqual([
      'hostNetwork must not be true',
      'volume x must not be of type hostPath',
      'c: allowPrivilegeEscalation must be false',
      'c: runAsNonRoot must be true',
      'c: seccompProfile must be RuntimeDefault or Localhost',
      'c: capabilities must drop ALL',
    ]);
  });
});

/** The environment that the image and a container's manifest make together. */
function environmentOf(container: Pick<ApiContainer, 'env'>): Record<string, string> {
  const image = allSteps('cpu').filter(({ keyword }) => keyword === 'ENV');
  const given = container.env.map((variable): [string, string] => {
    if (variable.valueFrom?.secretKeyRef) return [variable.name, 'a-key-of-sixteen-characters'];
    if (variable.valueFrom?.resourceFieldRef) return [variable.name, '2'];
    return [variable.name, variable.value!];
  });
  return { ...(Object.assign({}, ...image.map(({ properties }) => properties)) as Record<string, string>), ...Object.fromEntries(given) };
}

const portOf = ({ ports }: ApiContainer, port: string | number) =>
  typeof port === 'number' ? port : ports.find((candidate) => candidate.name === port)?.containerPort;

describe.each([
  ['the Deployment', pod],
  ['KServe', kservePod],
])('what the program reads of %s', (_what, spec) => {
  const [container] = spec.containers;
  const config = loadConfig(environmentOf(container));

  it('are variables that it has', () => {
    for (const variable of [...container.env, ...redisPatch.template.spec.containers[0].env]) {
      expect(Object.keys(environmentVariables)).toContain(variable.name);
    }
    expect(
      loadConfig(environmentOf({ env: [...container.env, ...redisPatch.template.spec.containers[0].env] })).security.rateLimit,
    ).toMatchObject({ max: 600, redisUrl: `redis://${name}-redis:6379` });
  });

  it('are its ports', () => {
    expect(container.ports[0]!.containerPort).toBe(config.port);
    const operation = container.ports.find((port) => port.name === 'operation');
    if (operation !== undefined) expect(operation.containerPort).toBe(config.operation.port);
    for (const { httpGet } of [container.startupProbe, container.readinessProbe, container.livenessProbe]) {
      expect([config.port, config.operation.port]).toContain(portOf(container, httpGet.port));
    }
  });

  it('is the time that it may take to stop', () => {
    const { drainDelayMs, shutdownMs } = config.timeouts;
    const preStop = container.lifecycle?.preStop?.sleep?.seconds ?? 0;
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(preStop + (drainDelayMs + shutdownMs) / 1000);
    // EndpointSlices and the nodes' tables follow within seconds, not within the second that is the default.
    expect(drainDelayMs).toBeGreaterThan(loadConfig({}).timeouts.drainDelayMs);
  });

  it('is its share of the processors, and a key from the Secret', () => {
    const variable = (wanted: string) => container.env.find((candidate) => candidate.name === wanted)?.valueFrom;
    expect(variable('COMPUTE_THREADS')).toEqual({ resourceFieldRef: { resource: 'limits.cpu', divisor: '1' } });
    expect(variable('API_KEYS')).toEqual({ secretKeyRef: { name, key: 'api-keys' } });
  });
});

describe('a running server', () => {
  let service: Service;
  let operationPort: number;
  beforeAll(async () => {
    operationPort = await freePort();
    service = await Service.start({ ...environmentOf(api), HOST: '127.0.0.1', PORT: '0', OPERATION_PORT: String(operationPort) });
  });
  afterAll(async () => {
    await service.stop();
  });

  /** The running server's address of a port of the manifest. */
  const addressOf = (container: ApiContainer, port: string | number) =>
    portOf(container, port) === loadConfig(environmentOf(container)).port ? service.url : `http://127.0.0.1:${operationPort}`;

  it.each([
    ['the Deployment', api],
    ['KServe', kservePod.containers[0]],
  ])('answers the probes of %s, without a key', async (_what, container) => {
    for (const { httpGet } of [container.startupProbe, container.readinessProbe, container.livenessProbe]) {
      const url = addressOf(container, httpGet.port) + httpGet.path;
      await expect.poll(async () => (await fetch(url)).status, { message: url }).toBe(200);
    }
  });

  it('has metrics where Prometheus is told to look', async () => {
    const { endpoints } = specOf('components/monitoring/service-monitor.yaml', 'ServiceMonitor') as {
      endpoints: [{ port: string; path: string }];
    };
    const { ports } = specOf('components/monitoring/service.yaml', 'Service') as ServiceSpec;
    const port = ports.find((candidate) => candidate.name === endpoints[0].port)!;
    expect(portOf(api, port.targetPort)).toBe(port.port);
    const { annotations } = runtime as { annotations?: Record<string, string> };
    for (const [at, metrics] of [
      [port.targetPort, endpoints[0].path],
      [Number(annotations!['prometheus.kserve.io/port']), annotations!['prometheus.kserve.io/path']!],
    ] as const) {
      expect(await (await fetch(addressOf(api, at) + metrics)).text()).toContain('surrogate_queue_backlog_seconds');
    }
    expect((await fetch(`${service.url}/metrics`)).status).not.toBe(200);
  });
});

describe('the objects of a cluster', () => {
  it('select the pods that they are for', () => {
    const { matchLabels } = deployment.selector;
    expect(deployment.template.metadata.labels).toMatchObject(matchLabels);
    for (const [file, kind] of [
      ['base/service.yaml', 'Service'],
      ['components/monitoring/service.yaml', 'Service'],
    ] as const) {
      const spec = specOf(file, kind) as ServiceSpec;
      expect(spec.selector).toEqual(matchLabels);
      for (const { targetPort } of spec.ports) expect(portOf(api, targetPort), targetPort).toBeDefined();
    }
    const policy = specOf('base/network-policy.yaml', 'NetworkPolicy') as { podSelector: object };
    const budget = specOf('base/pod-disruption-budget.yaml', 'PodDisruptionBudget') as { selector: object };
    expect([policy.podSelector, budget.selector]).toEqual([{ matchLabels }, { matchLabels }]);
    expect((specOf('components/redis/redis.yaml', 'Deployment') as Deployment).selector.matchLabels).not.toEqual(matchLabels);
  });

  it.each(['base', 'kserve'])('let nobody but the monitoring reach the port for operation: %s', (place) => {
    const { ingress } = specOf(`${place}/network-policy.yaml`, 'NetworkPolicy') as {
      ingress: { from?: object[]; ports: { port: string | number }[] }[];
    };
    const portsOf = (isOpen: boolean) =>
      ingress.filter(({ from }) => (from === undefined) === isOpen).flatMap(({ ports }) => ports.map(({ port }) => portOf(api, port)));
    const { port, operation } = loadConfig(environmentOf(api));
    expect([portsOf(true), portsOf(false)]).toEqual([[port], [operation.port]]);
  });

  it("select KServe's pods by the name of the InferenceService, and scrape the port for operation", () => {
    const [{ metadata }] = documents(read('kserve/inference-service.yaml')) as [Manifest];
    const selector = { matchLabels: { 'serving.kserve.io/inferenceservice': metadata.name } };
    const policy = specOf('kserve/network-policy.yaml', 'NetworkPolicy') as { podSelector: object };
    const monitor = specOf('components/kserve-monitoring/pod-monitor.yaml', 'PodMonitor') as {
      selector: object;
      jobLabel: string;
      podMetricsEndpoints: [{ port: string; path: string; relabelings: [{ replacement: string }] }];
    };
    expect([policy.podSelector, monitor.selector]).toEqual([selector, selector]);
    // KServe hands the InferenceService's labels on to its pods.
    expect(metadata.labels?.[monitor.jobLabel]).toBe(name);
    const [endpoint] = monitor.podMetricsEndpoints;
    expect(portOf(runtime.containers[0], endpoint.port)).toBe(3000);
    expect(endpoint.relabelings[0].replacement).toBe(`$1:${loadConfig(environmentOf(runtime.containers[0])).operation.port}`);
  });

  it('scale one Deployment within the same bounds, whoever does it', () => {
    const hpa = specOf('base/horizontal-pod-autoscaler.yaml', 'HorizontalPodAutoscaler') as {
      scaleTargetRef: { name: string };
      minReplicas: number;
      maxReplicas: number;
      metrics: { resource: { target: object } }[];
    };
    const keda = specOf('components/keda/scaled-object.yaml', 'ScaledObject') as {
      scaleTargetRef: { name: string };
      minReplicaCount: number;
      maxReplicaCount: number;
    };
    expect([hpa.scaleTargetRef.name, keda.scaleTargetRef.name]).toEqual([name, name]);
    expect([keda.minReplicaCount, keda.maxReplicaCount]).toEqual([hpa.minReplicas, hpa.maxReplicas]);
    expect(predictor).toMatchObject({ minReplicas: hpa.minReplicas, maxReplicas: hpa.maxReplicas });
    expect(hpa.metrics.map(({ resource }) => resource.target)).toEqual([
      { type: 'Utilization', averageUtilization: predictor.scaleTarget },
    ]);
    expect(deployment.replicas).toBeUndefined();
    for (const component of ['gpu', 'keda']) {
      const [, { patches = [] }] = kustomizations.find(([file]) => file === `components/${component}/kustomization.yaml`)!;
      const { patch } = patches.find(({ target }) => target?.kind === 'HorizontalPodAutoscaler')!;
      expect(parse(patch!), component).toMatchObject({ $patch: 'delete', kind: 'HorizontalPodAutoscaler', metadata: { name } });
    }
  });

  it('are the same container and pod under KServe, where both say it, and its runtime is the one that is asked for', () => {
    for (const field of ['image', 'env', 'resources', 'securityContext', 'volumeMounts'] as const) {
      expect(runtime.containers[0][field], field).toEqual(api[field]);
    }
    for (const field of [
      'terminationGracePeriodSeconds',
      'securityContext',
      'volumes',
      'automountServiceAccountToken',
      'enableServiceLinks',
    ] as const) {
      expect(kservePod[field], field).toEqual(pod[field]);
    }
    expect(runtime.containers[0].name).toBe('kserve-container');
    const [{ name: format, version }] = runtime.supportedModelFormats;
    expect(predictor.model).toEqual({
      runtime: name,
      modelFormat: { name: format, version },
      protocolVersion: runtime.protocolVersions[0],
    });
  });

  it('reach the Redis beside them', () => {
    const { ports } = specOf('components/redis/redis.yaml', 'Service') as ServiceSpec;
    expect(ports.map(({ port }) => port)).toEqual([6379]);
    const { ingress } = specOf('components/redis/redis.yaml', 'NetworkPolicy') as { ingress: { from: { podSelector: object }[] }[] };
    expect(ingress[0]!.from).toEqual([{ podSelector: deployment.selector }]);
  });
});

const readme = readFileSync(path.join(root, 'deploy/README.md'), 'utf8');
/** YAML of deploy/README.md, also that in lists: kustomizations and parts of one, and objects for a cluster. */
const documented = [...readme.matchAll(/^( *)```yaml\n(.*?)^ *```$/gms)].map(
  ({ 1: indent, 2: text, index }): [line: number, text: string] => [
    readme.slice(0, index).split('\n').length,
    text!.replaceAll(new RegExp(`^${indent!}`, 'gm'), ''),
  ],
);
const isObject = ([, text]: (typeof documented)[number]) => /^kind: (?!Kustomization)/m.test(text);

it('deploy/README.md makes the Secret that the pods need', () => {
  const { secretKeyRef } = api.env.find((variable) => variable.name === 'API_KEYS')!.valueFrom!;
  expect(readme).toContain(`create secret generic ${secretKeyRef!.name} --from-literal=${secretKeyRef!.key}=`);
});

it.each(documented.filter(isObject))('the object in line %i of deploy/README.md is right by the schema of its kind', (_line, text) => {
  expect(schemaViolations(parse(text) as Manifest)).toEqual([]);
});

it("deploy/README.md's Ingress leads to the Service, and lets pass what the service takes", () => {
  const ingress = parse(documented.find(([, text]) => text.includes('kind: Ingress'))![1]) as {
    metadata: { annotations: Record<string, string> };
    spec: { rules: [{ http: { paths: [{ backend: { service: { name: string; port: { name: string } } } }] } }] };
  };
  const { service } = ingress.spec.rules[0].http.paths[0].backend;
  const [[, , { metadata }]] = manifests.filter(([file]) => file === 'base/service.yaml') as [(typeof manifests)[number]];
  const { ports } = specOf('base/service.yaml', 'Service') as ServiceSpec;
  expect([service.name, service.port.name]).toEqual([metadata.name, ports[0]!.name]);
  const { timeouts, limits } = loadConfig({});
  const annotation = (what: string) => parseInt(ingress.metadata.annotations[`nginx.org/${what}`]!);
  expect(annotation('proxy-read-timeout') * 1000).toBeGreaterThan(timeouts.requestMs);
  expect(annotation('client-max-body-size') * 2 ** 20).toBe(limits.bodyBytes);
});

// `npx vitest run test/deploy/kubernetes.test.ts --update` writes the file again.
it('the PrometheusRule has the alerts of deploy/prometheus/alerts.yml', async () => {
  const alerts = readFileSync(path.join(root, 'deploy/prometheus/alerts.yml'), 'utf8');
  const head = stringify({
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name, labels: { 'app.kubernetes.io/name': name } },
  });
  const comment = '# Written from deploy/prometheus/alerts.yml by `npx vitest run test/deploy/kubernetes.test.ts --update`.\n';
  await expect(`${comment}${head}spec:\n${alerts.replaceAll(/^(?=.)/gm, '  ')}`).toMatchFileSnapshot(
    path.join(folder, 'components/monitoring/prometheus-rule.yaml'),
  );
});

/** kubectl with a kustomize that knows components. */
function hasKustomize(): boolean {
  const { stdout, error } = spawnSync('kubectl', ['version', '--client'], { encoding: 'utf8' });
  return error === undefined && Number(/Kustomize Version: v(\d+)/.exec(stdout)?.[1] ?? 0) >= 4;
}
const kustomize = hasKustomize();
if (!kustomize) console.warn('SKIPPED: there is no kubectl with kustomize 4 or newer, so overlays are not rendered');

function render(kustomization: string): Manifest[] {
  const { stdout, stderr, status } = spawnSync('kubectl', ['kustomize', kustomization], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`kubectl kustomize ${kustomization}: ${stderr}`);
  return documents(stdout);
}

describe.skipIf(!kustomize)('rendered by kubectl,', () => {
  const kinds = (rendered: Manifest[]) => rendered.map(({ kind }) => kind);
  const podOf = (rendered: Manifest[]) =>
    (rendered.find(({ metadata, kind }) => kind === 'Deployment' && metadata.name === name)!.spec as Deployment).template.spec;
  const common = ['ServiceAccount', 'Service', 'Deployment', 'PodDisruptionBudget', 'NetworkPolicy'];

  it.each([
    ['base', [...common, 'HorizontalPodAutoscaler']],
    ['overlays/gpu', common],
    ['overlays/keda', [...common, 'ScaledObject', 'Service', 'ServiceMonitor', 'PrometheusRule']],
    ['overlays/monitoring', [...common, 'HorizontalPodAutoscaler', 'Service', 'ServiceMonitor', 'PrometheusRule']],
    ['overlays/redis', [...common, 'HorizontalPodAutoscaler', 'Deployment', 'Service', 'NetworkPolicy']],
    ['kserve', ['ServingRuntime', 'InferenceService', 'NetworkPolicy']],
    ['kserve-gpu', ['ServingRuntime', 'InferenceService', 'NetworkPolicy']],
  ])('%s has what its kinds ask for', (place, expected) => {
    const rendered = render(path.join(folder, place));
    expect(kinds(rendered).sort()).toEqual([...expected].sort());
    for (const manifest of rendered) expect(schemaViolations(manifest), manifest.kind).toEqual([]);
    for (const { kind, spec } of rendered) {
      if (kind === 'Deployment') expect(restrictedViolations((spec as Deployment).template.spec)).toEqual([]);
    }
  });

  it('a GPU is asked for, and waited for, in the same way under KServe', () => {
    const kserve = render(path.join(folder, 'kserve-gpu'));
    const runtimeSpec = kserve.find(({ kind }) => kind === 'ServingRuntime')!.spec as ApiPod;
    const overlay = render(path.join(folder, 'overlays/gpu'));
    const gpu = podOf(overlay);
    const { strategy } = overlay.find(({ kind }) => kind === 'Deployment')!.spec as { strategy: object };
    expect(kserve.find(({ kind }) => kind === 'InferenceService')!.spec).toMatchObject({ predictor: { deploymentStrategy: strategy } });
    for (const field of ['image', 'resources', 'securityContext'] as const) {
      expect(runtimeSpec.containers[0][field], field).toEqual(gpu.containers[0][field]);
    }
    expect(runtimeSpec.containers[0].startupProbe).toMatchObject({ failureThreshold: 180 });
    expect(gpu.containers[0].startupProbe).toMatchObject({ failureThreshold: 180 });
    expect([runtimeSpec.volumes, runtimeSpec.tolerations]).toEqual([gpu.volumes, gpu.tolerations]);
  });

  it.each(documented.filter((block) => !isObject(block)))('what line %i of deploy/README.md has is applied', (_line, part) => {
    const content = parse(part) as Partial<Kustomization> & { images?: object[] };
    const place = mkdtempSync(path.join(tmpdir(), 'kustomize-'));
    try {
      const base = '../surrogate-gradient-service/deploy/kubernetes/base';
      // The README's folder is beside a clone of this name.
      const text = stringify({ resources: [base], ...content }).replaceAll('../surrogate-gradient-service', path.relative(place, root));
      writeFileSync(path.join(place, 'kustomization.yaml'), text);
      const rendered = render(place);
      for (const manifest of rendered) expect(schemaViolations(manifest), manifest.kind).toEqual([]);
      if (content.kind === undefined) expect(rendered).not.toEqual(render(path.join(folder, 'base')));
      if (content.images !== undefined) expect(stringify(rendered)).not.toContain('OWNER');
      for (const { name: variable } of podOf(rendered).containers[0].env) expect(Object.keys(environmentVariables)).toContain(variable);
      if (kinds(rendered).includes('ScaledObject')) expect(kinds(rendered)).not.toContain('HorizontalPodAutoscaler');
    } finally {
      rmSync(place, { recursive: true });
    }
  });

  it('all components together are one service', () => {
    const place = mkdtempSync(path.join(tmpdir(), 'kustomize-'));
    try {
      const relative = (target: string) => path.relative(place, path.join(folder, target));
      const components = readdirSync(path.join(folder, 'components')).map((component) => relative(`components/${component}`));
      writeFileSync(path.join(place, 'kustomization.yaml'), stringify({ resources: [relative('base')], components }));
      const rendered = render(place);
      for (const manifest of rendered) expect(schemaViolations(manifest), manifest.kind).toEqual([]);
      expect(kinds(rendered)).toContain('ScaledObject');
      expect(kinds(rendered)).not.toContain('HorizontalPodAutoscaler');
      const [container] = podOf(rendered).containers;
      expect(container.image).toMatch(/:[\d.]+-gpu$/);
      expect(container.resources).toMatchObject({ limits: { 'nvidia.com/gpu': '1' } });
      expect(loadConfig(environmentOf(container)).security.rateLimit?.max).toBe(600);
      expect(container.env).toEqual(expect.arrayContaining(api.env));
    } finally {
      rmSync(place, { recursive: true });
    }
  });
});
