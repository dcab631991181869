import type { Surrogate, SurrogateDefinition } from '../../surrogates/definition.ts';
import { surrogateDefinition } from '../../surrogates/catalogue.ts';
import type { SurrogateShape } from '../../surrogates/shape.ts';
import { FunctionWriter } from './function-writer.ts';
import { Graph } from './graph.ts';
import type { Node } from './graph.ts';
import { JobBlockLayout } from './job-block.ts';
import type { LaneType } from './lanes.ts';
import type { KernelText } from './kernel-text.ts';
import { blockLoop, blockParameters, kernelModule } from './kernel-text.ts';
import { storeBits } from './vector-text.ts';

/** The surrogate's parameters by the names that its nodes have in a graph. */
export function surrogateParameters(surrogate: Surrogate): Record<string, number> {
  return Object.fromEntries(Object.entries(surrogate.parameters).map(([name, value]) => [parameterName(name), value]));
}

function parameterName(name: string): string {
  return `surrogate.${name}`;
}

function formulaParameters(graph: Graph, definition: SurrogateDefinition, shape: SurrogateShape) {
  const names = Object.keys(definition.parameters);
  return {
    p: Object.fromEntries(names.map((name) => [name, graph.parameter(parameterName(name))])),
    n: shape.integers,
  };
}

/** g(x) in the kernel's lanes, as x is. */
export function surrogateGradient(graph: Graph, shape: SurrogateShape, x: Node): Node {
  const definition = surrogateDefinition(shape.name);
  const parameters = formulaParameters(graph, definition, shape);
  return definition.gradNeedsFloat64
    ? graph.demote(definition.grad(graph, graph.promote(x), parameters))
    : definition.grad(graph, x, parameters);
}

/** The primitive at x: in float64, since it adds and subtracts, and rounded once. */
function surrogateValue(graph: Graph, shape: SurrogateShape, x: Node): Node {
  const definition = surrogateDefinition(shape.name);
  return graph.demote(definition.value(graph, graph.promote(x), formulaParameters(graph, definition, shape)));
}

/** What lies outside the lanes' range becomes their largest number. */
function saturated(graph: Graph, y: Node): Node {
  const { largest } = graph.lanes;
  return graph.min(graph.max(y, graph.constant(-largest)), graph.constant(largest));
}

const groupsInFlight = 4;

/** A kernel of element-wise results: each output array is a node over the leaves that `inputs` names. */
function elementwiseKernel(
  lanes: LaneType,
  inputs: readonly string[],
  outputs: (graph: Graph) => readonly { array: string; node: Node; as: 'float' | 'bit' }[],
): KernelText {
  const block = new JobBlockLayout();
  let operations = 0;
  const functions = [groupsInFlight, 1].map((groups) => {
    const writer = new FunctionWriter(block, lanes);
    const graph = new Graph(lanes);
    const results = outputs(graph);
    const body = writer.body(results.map(({ node }) => node), () => {
      for (let g = 0; g < groups; g++) {
        for (const input of inputs) {
          writer.line(`(local.set ${writer.local(`${input}.${g}`, 'v128')} (v128.load offset=${16 * g} ${writer.vectorAt(`${input}Array`)}))`);
        }
        for (const { array, node, as } of results) {
          const value = writer.value(node, g);
          if (as === 'float') writer.line(`(v128.store offset=${16 * g} ${writer.vectorAt(array)} ${value})`);
          else writer.line(storeBits(lanes, g, writer.vectorAt(array, 1), value));
        }
      }
    });
    operations = writer.operations / groups;
    return writer.finish(`block${groups}`, blockParameters, body);
  });
  return { text: kernelModule([...functions, blockLoop([groupsInFlight, 1])]), block, operationsPerVector: operations };
}

export function surrogateEvalKernel(lanes: LaneType, shape: SurrogateShape, outputs: { readonly spike: boolean; readonly value: boolean }): KernelText {
  return elementwiseKernel(lanes, ['x'], (graph) => {
    const x = graph.leaf('x', 'step');
    return [
      ...(outputs.spike ? [{ array: 'spikeArray', node: graph.le(graph.constant(0), x), as: 'bit' as const }] : []),
      ...(outputs.value
        ? [{ array: 'valueArray', node: saturated(graph, surrogateValue(graph, shape, x)), as: 'float' as const }]
        : []),
    ];
  });
}

/** `cotangent`: left out because it is 1, the same for all, or an array. */
export function surrogateGradKernel(lanes: LaneType, shape: SurrogateShape, cotangent: 'one' | 'job' | 'array'): KernelText {
  return elementwiseKernel(lanes, cotangent === 'array' ? ['x', 'cotangent'] : ['x'], (graph) => {
    const x = graph.leaf('x', 'step');
    const gradient = surrogateGradient(graph, shape, x);
    const factor = {
      one: () => graph.constant(1),
      job: () => graph.parameter('cotangent', true),
      array: () => graph.leaf('cotangent', 'step'),
    }[cotangent]();
    return [{ array: 'gradArray', node: graph.mul(factor, gradient), as: 'float' }];
  });
}
