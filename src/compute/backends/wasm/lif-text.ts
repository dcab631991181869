import { lifTerms } from './lif-spec.ts';
import type { LifKernelSpec, TermForm } from './lif-spec.ts';
import type { LifTerms } from '../../lif.ts';
import type { FunctionWriter } from './function-writer.ts';
import { Graph } from './graph.ts';
import type { Mask, Node } from './graph.ts';
import type { JobBlockLayout } from './job-block.ts';
import { gatherRows, rowDistance } from './vector-text.ts';

/** Everything that both kinds of kernel share: the graph's leaves, and how they are loaded. */
export class KernelBuilder {
  readonly graph: Graph;
  readonly terms: LifTerms<Node>;
  readonly vInit: Node;
  readonly current: Node;
  readonly refractory: Mask | undefined;
  readonly spec: LifKernelSpec;

  constructor(spec: LifKernelSpec) {
    this.spec = spec;
    this.graph = new Graph(spec.lanes);
    const [leak, threshold, vReset, vRest, resistance, vInit, current] = lifTerms.map((name) => this.term(name, spec.terms[name])) as [
      Node,
      Node,
      Node,
      Node,
      Node,
      Node,
      Node,
    ];
    this.terms = { leak, threshold, vReset, vRest, resistance };
    this.vInit = vInit;
    this.current = current;
    this.refractory = spec.refractory ? this.graph.maskLeaf('held') : undefined;
  }

  term(name: string, form: TermForm): Node {
    switch (form) {
      case 'zero':
        return this.graph.constant(0);
      case 'one':
        return this.graph.constant(1);
      case 'job':
        return this.graph.parameter(name, true);
      case 'neuron':
      case 'step':
        return this.graph.leaf(name, form);
    }
  }

  /** Loads the arrays with one value per neuron into their leaves. */
  loadNeuronTerms(writer: FunctionWriter, groups: number, names: readonly (readonly [string, TermForm])[]): void {
    for (const [name, form] of names) {
      if (form !== 'neuron') continue;
      const at = writer.vectorAt(`${name}Array`);
      forGroups(groups, (g) => {
        const leaf = writer.local(`${name}.${g}`, 'v128');
        writer.line(`(local.set ${leaf} (v128.load offset=${16 * g} ${at}))`);
      });
    }
  }

  get neuronTerms(): (readonly [string, TermForm])[] {
    return lifTerms.map((name) => [name, this.spec.terms[name]] as const);
  }
}

export function forGroups(groups: number, write: (group: number) => void): void {
  for (let g = 0; g < groups; g++) write(g);
}

/**
 * Declares a cursor per group into an array with one row of `bytes`-sized values per neuron, standing at step `$from` of
 * the group's first row.
 */
export function rowCursors(writer: FunctionWriter, name: string, groups: number, bytes: number, from: string): void {
  rowDistances(writer, bytes);
  const base = writer.integer(`${name}Array`);
  const steps = writer.integer('steps');
  forGroups(groups, (g) => {
    const cursor = writer.local(`${name}At.${g}`, 'i32');
    const row = `(i32.shl (i32.add (local.get $vector) (i32.const ${g})) (i32.const ${Math.log2(writer.lanes.count)}))`;
    const index = `(i32.add (i32.mul ${row} ${steps}) ${from})`;
    writer.line(`(local.set ${cursor} (i32.add ${base} ${bytes === 1 ? index : `(i32.shl ${index} (i32.const ${Math.log2(bytes)}))`}))`);
  });
}

function rowDistances(writer: FunctionWriter, bytes: number): void {
  const steps = writer.integer('steps');
  for (let row = 1; row < writer.lanes.count; row++) {
    writer.line(`(local.set ${writer.local(rowDistance(row, bytes), 'i32')} (i32.mul ${steps} (i32.const ${row * bytes})))`);
  }
}

export function loadStep(writer: FunctionWriter, name: string, group: number): void {
  writer.line(`(local.set ${writer.local(`${name}.${group}`, 'v128')} ${gatherRows(writer.lanes, `(local.get $${name}At.${group})`)})`);
}

/** Counts refractoriness down: `$rest` holds the steps still to be held, `$held` whether this one is. */
export function loadRefractoryMask(writer: FunctionWriter, group: number): void {
  const rest = `(local.get ${writer.local(`rest.${group}`, 'v128')})`;
  writer.line(`(local.set ${writer.local(`held.${group}`, 'v128')} (${writer.lanes.integers}.gt_s ${rest} (v128.const i32x4 0 0 0 0)))`);
}

export function updateRefractoryCounter(writer: FunctionWriter, group: number): void {
  const { integers, fromInt32 } = writer.lanes;
  const steps = fromInt32('(v128.load32_splat offset=0 (local.get $heldSteps))');
  writer.line(
    `(local.set $rest.${group} (v128.or (${integers}.add (local.get $rest.${group}) (local.get $held.${group})) ` +
      `(v128.and (local.get $spike.${group}) ${steps})))`,
  );
}

export function heldStepsAddress(writer: FunctionWriter, block: JobBlockLayout): string {
  return `(local.set ${writer.local('heldSteps', 'i32')} (i32.add (local.get $job) (i32.const ${block.integer('refractorySteps')})))`;
}
