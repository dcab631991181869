import type { FormulaParameters, Surrogate, SurrogateDefinition } from '../../surrogates/definition.ts';
import { formulaParameters, surrogateDefinition } from '../../surrogates/catalogue.ts';
import type { SurrogateShape } from '../../surrogates/shape.ts';
import { FunctionWriter } from './function-writer.ts';
import { Graph } from './graph.ts';
import type { Node } from './graph.ts';
import { vectorsInFlight } from './in-flight.ts';
import { JobBlockLayout } from './job-block.ts';
import type { LaneType } from './lanes.ts';
import type { KernelText } from './kernel-text.ts';
import { kernelModule, runParameters } from './kernel-text.ts';
import { forGroups } from './lif-text.ts';
import { operationsIn } from './operations.ts';
import { advance, storeBits } from './vector-text.ts';

/** Gives a job's parameters those of a surrogate, by the names that its nodes have in a graph. */
export function setSurrogateParameters(parameters: Record<string, number>, surrogate: Surrogate): void {
  for (const name in surrogate.parameters) parameters[parameterName(name)] = surrogate.parameters[name]!;
}

const parameterNames = new Map<string, string>();

/** Made once for each: an object takes twenty times as long to find a field whose name is new. */
function parameterName(name: string): string {
  let known = parameterNames.get(name);
  if (known === undefined) parameterNames.set(name, (known = `surrogate.${name}`));
  return known;
}

function parameterNodes(graph: Graph, definition: SurrogateDefinition, shape: SurrogateShape): FormulaParameters<Node> {
  return formulaParameters(definition, (name) => graph.parameter(parameterName(name)), shape.integers);
}

/** g(x) in the kernel's lanes, as x is. */
export function surrogateGradient(graph: Graph, shape: SurrogateShape, x: Node): Node {
  const definition = surrogateDefinition(shape.name);
  const parameters = parameterNodes(graph, definition, shape);
  return definition.gradNeedsFloat64
    ? graph.demote(definition.grad(graph, graph.promote(x), parameters))
    : definition.grad(graph, x, parameters);
}

/** The primitive at x: in float64, since it adds and subtracts, and rounded once. */
function surrogateValue(graph: Graph, shape: SurrogateShape, x: Node): Node {
  const definition = surrogateDefinition(shape.name);
  return graph.demote(definition.value(graph, graph.promote(x), parameterNodes(graph, definition, shape)));
}

/** What lies outside the lanes' range becomes their largest number. */
function saturated(graph: Graph, y: Node): Node {
  const { largest } = graph.lanes;
  return graph.min(graph.max(y, graph.constant(-largest)), graph.constant(largest));
}

/** An array of a kernel and how many bytes of it belong to one vector. */
interface VectorArray {
  readonly array: string;
  readonly bytes: number;
}

interface Output {
  readonly array: string;
  readonly node: Node;
  readonly as: 'float' | 'bit';
}

/** A kernel of element-wise results: each output array is a node over the leaves that `inputs` names. */
function elementwiseKernel(lanes: LaneType, inputs: readonly string[], outputs: (graph: Graph) => readonly Output[]): KernelText {
  const block = new JobBlockLayout();
  const writer = new FunctionWriter(block, lanes);
  const results = outputs(new Graph(lanes));
  const arrays: VectorArray[] = [
    ...inputs.map((input) => ({ array: `${input}Array`, bytes: 16 })),
    ...results.map(({ array, as }) => ({ array, bytes: as === 'bit' ? lanes.count : 16 })),
  ];
  for (const { array, bytes } of arrays) {
    writer.line(
      `(local.set ${writer.local(`${array}At`, 'i32')} (i32.add ${writer.integer(array)} (i32.mul (local.get $from) (i32.const ${bytes}))))`,
    );
  }
  const single = elementwiseBody(writer, lanes, inputs, results, 1);
  const operations = operationsIn(single);
  const inFlight = vectorsInFlight(operations);
  const many = elementwiseBody(writer, lanes, inputs, results, inFlight);
  const loops = [...blockwise(inFlight, many, arrays), ...blockwise(1, single, arrays)];
  return { text: kernelModule([writer.finish('run', runParameters, loops)]), block, operations, inFlight };
}

/** Loads, computes and stores some vectors. All loads come first and all stores last: what lies between may be mixed. */
function elementwiseBody(
  writer: FunctionWriter,
  lanes: LaneType,
  inputs: readonly string[],
  results: readonly Output[],
  groups: number,
): string[] {
  return writer.body(
    results.map(({ node }) => node),
    () => {
      forGroups(groups, (g) => {
        for (const input of inputs) {
          writer.line(`(local.set ${writer.local(`${input}.${g}`, 'v128')} (v128.load offset=${16 * g} (local.get $${input}ArrayAt)))`);
        }
      });
      const stores: string[] = [];
      forGroups(groups, (g) => {
        for (const { array, node, as } of results) {
          const value = writer.value(node, g);
          const at = `(local.get $${array}At)`;
          stores.push(as === 'float' ? `(v128.store offset=${16 * g} ${at} ${value})` : storeBits(lanes, g, at, value));
        }
      });
      stores.forEach((line) => {
        writer.line(line);
      });
    },
  );
}

/** A loop that does `groups` vectors at a time, from `$from` on while as many are left before `$to`. */
function blockwise(groups: number, body: readonly string[], arrays: readonly VectorArray[]): string[] {
  return [
    `(block $done${groups} (loop $next${groups}`,
    `(br_if $done${groups} (i32.gt_u (i32.add (local.get $from) (i32.const ${groups})) (local.get $to)))`,
    ...body,
    ...arrays.map(({ array, bytes }) => advance(`${array}At`, `(i32.const ${groups * bytes})`)),
    advance('from', `(i32.const ${groups})`),
    `(br $next${groups})))`,
  ];
}

export function surrogateEvalKernel(
  lanes: LaneType,
  shape: SurrogateShape,
  outputs: { readonly spike: boolean; readonly value: boolean },
): KernelText {
  return elementwiseKernel(lanes, ['x'], (graph) => {
    const x = graph.leaf('x', 'step');
    return [
      ...(outputs.spike ? [{ array: 'spikeArray', node: graph.le(graph.constant(0), x), as: 'bit' as const }] : []),
      ...(outputs.value ? [{ array: 'valueArray', node: saturated(graph, surrogateValue(graph, shape, x)), as: 'float' as const }] : []),
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
