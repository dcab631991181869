import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../docs/markdown.ts';
import { Service } from '../http/service.ts';
import { parseExposition } from '../../support/exposition.ts';
import { metricDefinitions } from '../../support/metric-definitions.ts';

interface Panel {
  id: number;
  type: string;
  title?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  fieldConfig?: { defaults: { unit?: string } };
  targets?: { expr: string; legendFormat: string }[];
}
interface Dashboard {
  panels: Panel[];
  templating: { list: { name: string; query: string | { query: string } }[] };
}
interface Rule {
  alert: string;
  expr: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

const read = (file: string) => readFileSync(path.join(root, 'deploy', file), 'utf8');
const dashboard = JSON.parse(read('grafana/dashboards/surrogate-gradient-service.json')) as Dashboard;
const rules = (parse(read('prometheus/alerts.yml')) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules);
const { triggers } = (
  parse(read('kubernetes/components/keda/scaled-object.yaml')) as { spec: { triggers: { name: string; metadata: { query: string } }[] } }
).spec;
const panels = dashboard.panels.filter(({ type }) => type !== 'row');

/** Prometheus' own. */
const labelsOfScrape = ['job', 'instance'];

interface Parts {
  selectors: { metric: string; labels: [name: string, operator: string, value: string][] }[];
  /** Labels that are grouped or matched by. */
  grouping: string[];
}

/** @throws {Error} when the expression is not PromQL. */
function partsOf(expression: string): Parts {
  const text = expression.replaceAll('$__rate_interval', '5m');
  const parts: Parts = { selectors: [], grouping: [] };
  parser.parse(text).iterate({
    enter({ type, from, to, node }) {
      if (type.isError) throw new Error(`not PromQL at ${from}: ${text}`);
      if (type.name === 'VectorSelector') parts.selectors.push({ metric: text.slice(from, node.getChild('Identifier')!.to), labels: [] });
      if (type.name === 'UnquotedLabelMatcher') {
        const [name, operator, value] = ['LabelName', 'MatchOp', 'StringLiteral'].map((child) =>
          text.slice(node.getChild(child)!.from, node.getChild(child)!.to),
        ) as [string, string, string];
        parts.selectors.at(-1)!.labels.push([name, operator, value.slice(1, -1)]);
      }
      if (type.name === 'LabelName' && node.parent?.name === 'GroupingLabels') parts.grouping.push(text.slice(from, to));
    },
  });
  return parts;
}

const expressions: [where: string, expression: string][] = [
  ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }): [string, string] => [title ?? '', expr])),
  ...rules.map(({ alert, expr }): [string, string] => [alert, expr]),
  ...triggers.map(({ name, metadata }): [string, string] => [`KEDA's ${name}`, metadata.query]),
];

let service: Service;
/** Labels of every sample's name that a running server tells. */
const known = new Map<string, readonly string[]>();
let reasons: string[] = [];

beforeAll(async () => {
  service = await Service.start();
  await service.post('/surrogate/grad', { x: 0, surrogate: 'sigmoid' });
  const told = parseExposition(await (await fetch(`${service.url}/metrics`)).text());
  for (const { name, type, labelNames } of metricDefinitions(service.app.metrics.registry)) {
    if (told.get(name)?.type !== type) throw new Error(`${name} is not told`);
    if (type !== 'histogram') known.set(name, labelNames);
    else
      for (const [suffix, more] of [
        ['_bucket', ['le']],
        ['_sum', []],
        ['_count', []],
      ] as const)
        known.set(name + suffix, [...labelNames, ...more]);
  }
  reasons = told.get('surrogate_rejected_total')!.samples.map(({ labels }) => labels.reason!);
  known.set('up', []);
});
afterAll(async () => {
  await service.stop();
});

describe('every expression', () => {
  it.each(expressions)('of "%s" asks for metrics and labels that there are', (_where, expression) => {
    const { selectors, grouping } = partsOf(expression);
    expect(selectors.length).toBeGreaterThan(0);
    const labels = new Set(labelsOfScrape);
    for (const selector of selectors) {
      const own = known.get(selector.metric);
      expect(own, selector.metric).toBeDefined();
      for (const label of own!) labels.add(label);
      for (const [name, operator, value] of selector.labels) {
        expect([...own!, ...labelsOfScrape], `${selector.metric}{${name}}`).toContain(name);
        if (name === 'reason') for (const one of operator === '=~' ? value.split('|') : [value]) expect(reasons).toContain(one);
      }
    }
    for (const label of grouping) expect([...labels]).toContain(label);
  });

  it('would be found out', () => {
    expect(() => partsOf('sum by (route (rate(a[5m]))')).toThrow('not PromQL');
    expect(partsOf('sum by (route) (rate(a_total{b=~"c"}[$__rate_interval]))')).toEqual({
      selectors: [{ metric: 'a_total', labels: [['b', '=~', 'c']] }],
      grouping: ['route'],
    });
  });
});

describe('the dashboard', () => {
  it.each(panels)('panel $title has a unit, a title and something to show', ({ title, fieldConfig, targets }) => {
    expect(title).toMatch(/^[A-Z0-9]/);
    expect(fieldConfig?.defaults.unit).toMatch(/^\w+$/);
    expect(targets!.length).toBeGreaterThan(0);
  });

  it.each(panels)('panel $title names its lines by labels that they have', ({ targets = [] }) => {
    for (const { expr, legendFormat } of targets) {
      const { selectors, grouping } = partsOf(expr);
      const left = grouping.length > 0 ? grouping : [...labelsOfScrape, ...selectors.flatMap(({ metric }) => known.get(metric)!)];
      for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) expect(left).toContain(label);
    }
  });

  it('has panels that do not overlap, each with an id of its own', () => {
    const { panels: all } = dashboard;
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    for (const { gridPos: a, id } of all) {
      expect(a.x + a.w).toBeLessThanOrEqual(24);
      for (const { gridPos: b } of all.filter((other) => other.id > id)) {
        expect(a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y).toBe(true);
      }
    }
  });

  it('lets one choose among what there is', () => {
    const queries = dashboard.templating.list.flatMap(({ query }) => (typeof query === 'string' ? [] : [query.query]));
    expect(queries).toHaveLength(2);
    for (const query of queries) {
      const [, selector, label] = /^label_values\((.+), (\w+)\)$/.exec(query)!;
      expect(known.has(partsOf(selector!).selectors[0]!.metric)).toBe(true);
      expect(labelsOfScrape).toContain(label);
    }
  });
});

describe('the alert rules', () => {
  it.each(rules)('$alert says how bad it is, what it is and what to do', ({ labels, annotations, expr }) => {
    expect(labels.severity).toMatch(/^(critical|warning)$/);
    expect(Object.keys(annotations)).toEqual(['summary', 'description']);
    const { selectors, grouping } = partsOf(expr);
    const aggregates = expr.includes('by (');
    const left = aggregates ? grouping : [...labelsOfScrape, ...selectors.flatMap(({ metric }) => known.get(metric)!)];
    for (const [, label] of annotations.summary!.matchAll(/\$labels\.(\w+)/g)) expect(left).toContain(label);
  });

  it('are read by the Prometheus beside them, once each', () => {
    expect((parse(read('prometheus/prometheus.yml')) as { rule_files: string[] }).rule_files).toEqual(['alerts.yml']);
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  });
});

interface ScrapeJob {
  job_name: string;
  static_configs?: [{ targets: string[] }];
  relabel_configs?: { regex?: string; target_label?: string; replacement?: string }[];
}

describe('a scrape job', () => {
  const jobOf = (file: string) => (parse(read(file)) as { scrape_configs: [ScrapeJob] }).scrape_configs[0];

  it('has the name by which queries know the service', () => {
    const jobs = [jobOf('prometheus/prometheus.yml'), jobOf('prometheus/kubernetes-scrape.yml')].map(({ job_name }) => job_name);
    const asked = expressions.flatMap(([, expression]) =>
      partsOf(expression).selectors.flatMap(({ labels }) =>
        labels.flatMap(([label, , value]) => (label === 'job' && !value.startsWith('$') ? [value] : [])),
      ),
    );
    expect(new Set([...jobs, ...asked])).toEqual(new Set(['surrogate-gradient-service']));
  });

  it('goes to OPERATION_PORT, which the Compose file sets and the manifests set', () => {
    const compose = parse(read('docker-compose.monitoring.yml')) as { services: { api: { environment: string[] } } };
    expect(compose.services.api.environment).toEqual(['OPERATION_PORT=3001']);
    expect(jobOf('prometheus/prometheus.yml').static_configs![0].targets).toEqual(['api:3001']);
    const relabel = jobOf('prometheus/kubernetes-scrape.yml').relabel_configs!;
    expect(relabel.find(({ target_label }) => target_label === '__address__')!.replacement).toBe('$1:3001');
    const [app, ports] = relabel[0]!.regex!.split(';');
    expect(app).toBe('surrogate-gradient-service');
    const declared = ['kubernetes/base/deployment.yaml', 'kubernetes/kserve/serving-runtime.yaml'].map(read).join('');
    for (const port of ports!.match(/\w+/g)!) expect(declared).toContain(`- name: ${port}\n`);
  });
});

describe('docker-compose.monitoring.yml', () => {
  it('passes the linter and mounts what is there', () => {
    const file = path.join(root, 'deploy/docker-compose.monitoring.yml');
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [path.join(root, 'node_modules/dclint/bin/dclint.cjs'), '--max-warnings', '0', file],
      { encoding: 'utf8' },
    );
    expect((stdout + stderr).trim()).toBe('');
    expect(status).toBe(0);
    const { services } = parse(readFileSync(file, 'utf8')) as { services: Record<string, { volumes?: (string | { source: string })[] }> };
    const sources = Object.values(services).flatMap(({ volumes = [] }) =>
      volumes.flatMap((volume) => (typeof volume === 'string' ? [] : [volume.source])),
    );
    expect(sources).toHaveLength(3);
    for (const source of sources) expect(existsSync(path.join(root, source)), source).toBe(true);
  });
});
