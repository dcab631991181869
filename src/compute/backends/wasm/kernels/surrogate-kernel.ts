import { memoizeName } from '../../../cache.ts';
import { evaluator, type SurrogateFunctions } from '../../../expressions.ts';
import { dtypeOf, type SurrogateEvalJob, type SurrogateGradJob } from '../../../jobs.ts';
import { formulaParameters, itemName, surrogateDefinition } from '../../../surrogates/catalogue.ts';
import type { FormulaParameters, Surrogate, SurrogateDefinition } from '../../../surrogates/definition.ts';
import { surrogateShape, type SurrogateShape } from '../../../surrogates/shape.ts';
import { slopeLeaf, surrogateSlope } from '../../../surrogates/slope.ts';
import { ArgumentLayout } from '../codegen/argument-block.ts';
import { FunctionWriter } from '../codegen/function-writer.ts';
import { countOperations, kernelModule, runParameters, unrollFactor, vectorLoop, type KernelWat } from '../codegen/kernel-wat.ts';
import { advance, get, i32, storeBits, storeVector } from '../codegen/vector-wat.ts';
import { Graph } from '../ir/graph.ts';
import { lanesOf, type LaneType } from '../ir/lanes.ts';
import type { Node } from '../ir/node.ts';
import type { KernelRequest } from '../kernel-cache.ts';

/** What of a surrogate distinguishes one kernel from another. */
export function shapeKey({ name, integers }: SurrogateShape): string {
  let key = name;
  for (const count in integers) key += `,${count}=${integers[count]!}`;
  return key;
}

export function surrogateEvalKernelRequest(job: SurrogateEvalJob, surrogate: Surrogate): KernelRequest {
  const lanes = lanesOf[dtypeOf(job)];
  const shape = surrogateShape(surrogate);
  const { outputs } = job;
  return {
    key: `${lanes.name} eval ${shapeKey(shape)} ${outputs.spike} ${outputs.value}`,
    print: () => surrogateEvalKernel(lanes, shape, outputs),
  };
}

export function surrogateGradKernelRequest(job: SurrogateGradJob, surrogate: Surrogate): KernelRequest {
  const lanes = lanesOf[dtypeOf(job)];
  const shape = surrogateShape(surrogate);
  const form = typeof job.cotangent !== 'number' ? 'array' : job.cotangent === 1 ? 'one' : 'scalar';
  return { key: `${lanes.name} grad ${shapeKey(shape)} ${form}`, print: () => surrogateGradKernel(lanes, shape, form) };
}

/** Adds a surrogate's parameters to a job's, by the names of their nodes. */
export function setSurrogateParameters(parameters: Record<string, number>, surrogate: Surrogate): void {
  for (const name in surrogate.parameters) {
    const value = surrogate.parameters[name]!;
    if (typeof value === 'number') parameters[parameterName(name)] = value;
    else for (const [i, item] of value.entries()) parameters[parameterName(itemName(name, i))] = item;
  }
}

const parameterName = memoizeName((name) => `surrogate.${name}`);

function parameterNodes(graph: Graph, definition: SurrogateDefinition, shape: SurrogateShape, threshold: Node): FormulaParameters<Node> {
  return formulaParameters(definition, (name) => parameterNode(graph, definition, name), shape.integers, threshold);
}

function parameterNode(graph: Graph, { parameters }: SurrogateDefinition, name: string): Node {
  return graph.parameter(parameterName(name), false, (parameters[name]?.minimum ?? -Infinity) >= 0 ? 1 : 0);
}

/** g(x) in the kernel's lanes, as x and the threshold are. */
export function surrogateGradient(graph: Graph, shape: SurrogateShape, x: Node, threshold: Node): Node {
  const definition = surrogateDefinition(shape.name);
  if (!definition.gradNeedsFloat64) return definition.grad(graph, x, parameterNodes(graph, definition, shape, threshold));
  const parameters = parameterNodes(graph, definition, shape, graph.widen(threshold));
  return graph.narrow(definition.grad(graph, graph.widen(x), parameters));
}

/** The primitive at x, in float64, since its terms may cancel, and rounded once. */
function surrogateValue(graph: Graph, shape: SurrogateShape, x: Node, threshold: Node): Node {
  const definition = surrogateDefinition(shape.name);
  const parameters = parameterNodes(graph, definition, shape, graph.widen(threshold));
  return graph.narrow(definition.value(graph, graph.widen(x), parameters));
}

/** The surrogate of a neuron's step as nodes; without one, as for neurons that never spike, there is nothing to ask for. */
export function surrogateFunctions(graph: Graph, shape: SurrogateShape | undefined): SurrogateFunctions<Node> {
  const given = (): SurrogateShape => {
    if (shape === undefined) throw new Error('the kernel has no surrogate');
    return shape;
  };
  return {
    grad: (x, threshold) => surrogateGradient(graph, given(), x, threshold),
    value: (x, threshold) => surrogateValue(graph, given(), x, threshold),
    // Differences of terms, so in float64.
    slope: (parameter, x, threshold) => {
      const definition = surrogateDefinition(given().name);
      const evaluate = evaluator<Node, Node>({
        ops: graph,
        leaf: slopeLeaf(graph.widen(x), graph.widen(threshold), (name) => parameterNode(graph, definition, name)),
        surrogate: surrogateFunctions(graph, undefined),
      });
      return graph.narrow(evaluate(surrogateSlope(given(), parameter)));
    },
  };
}

/** Values outside the lanes' range become their largest number. */
function saturated(graph: Graph, y: Node): Node {
  const { largest } = graph.lanes;
  return graph.min(graph.max(y, graph.constant(-largest)), graph.constant(largest));
}

interface Output {
  readonly array: string;
  readonly node: Node;
  readonly as: 'float' | 'bit';
}

/** A kernel of element-wise results: each output array is a node over the leaves that `inputs` names. */
export function elementwiseKernel(lanes: LaneType, inputs: readonly string[], outputs: (graph: Graph) => readonly Output[]): KernelWat {
  const layout = new ArgumentLayout();
  const writer = new FunctionWriter(layout, lanes, 1);
  const results = outputs(new Graph(lanes));
  // Bytes of one vector, by array.
  const strides = [
    ...inputs.map((input) => [`${input}Array`, 16] as const),
    ...results.map(({ array, as }) => [array, as === 'bit' ? lanes.count : 16] as const),
  ];
  for (const [array, bytes] of strides) {
    writer.emit(writer.setI32(`${array}At`, `(i32.add ${writer.argument(array)} (i32.mul ${get('from')} ${i32(bytes)}))`));
  }
  const advanceArrays = () => strides.map(([array, bytes]) => advance(`${array}At`, i32(writer.unroll * bytes)));
  const single = elementwiseBody(writer, inputs, results);
  const remainder = vectorLoop(1, [...single, ...advanceArrays()]);
  const operations = countOperations(single);
  writer.unroll = unrollFactor(operations);
  const loops = [...vectorLoop(writer.unroll, [...elementwiseBody(writer, inputs, results), ...advanceArrays()]), ...remainder];
  return { text: kernelModule([writer.functionText('run', runParameters, loops)]), layout, operations, unroll: writer.unroll };
}

/** Loads, computes and stores some vectors: all loads first and all stores last, so that the compiler may interleave the rest. */
function elementwiseBody(writer: FunctionWriter, inputs: readonly string[], results: readonly Output[]): string[] {
  return writer.body(
    results.map(({ node }) => node),
    () => {
      writer.forEachVector((vector) => {
        for (const input of inputs) writer.emit(writer.loadVector(input, vector, get(`${input}ArrayAt`)));
      });
      const stores: string[] = [];
      writer.forEachVector((vector) => {
        for (const { array, node, as } of results) {
          const value = writer.value(node, vector);
          const at = get(`${array}At`);
          stores.push(as === 'float' ? storeVector(at, 16 * vector, value) : storeBits(writer.lanes, vector, at, value));
        }
      });
      writer.emit(...stores);
    },
  );
}

function surrogateEvalKernel(
  lanes: LaneType,
  shape: SurrogateShape,
  outputs: { readonly spike: boolean; readonly value: boolean },
): KernelWat {
  return elementwiseKernel(lanes, ['x'], (graph) => {
    const x = graph.leaf('x', 'step');
    return [
      ...(outputs.spike ? [{ array: 'spikeArray', node: graph.le(graph.constant(0), x), as: 'bit' as const }] : []),
      ...(outputs.value
        ? [{ array: 'valueArray', node: saturated(graph, surrogateValue(graph, shape, x, graph.constant(1))), as: 'float' as const }]
        : []),
    ];
  });
}

/** @param cotangent left out because it is 1, one number for all values, or an array. */
export function surrogateGradKernel(lanes: LaneType, shape: SurrogateShape, cotangent: 'one' | 'scalar' | 'array'): KernelWat {
  return elementwiseKernel(lanes, cotangent === 'array' ? ['x', 'cotangent'] : ['x'], (graph) => {
    const x = graph.leaf('x', 'step');
    const gradient = surrogateGradient(graph, shape, x, graph.constant(1));
    const factor = {
      one: () => graph.constant(1),
      scalar: () => graph.parameter('cotangent', true),
      array: () => graph.leaf('cotangent', 'step'),
    }[cotangent]();
    return [{ array: 'gradArray', node: graph.mul(factor, gradient), as: 'float' }];
  });
}
