import { PbfWriter } from 'pbf';

/** Types of tensors, by TensorFlow's numbers for them (tensorflow/core/framework/types.proto). */
export const dataTypes = { float32: 1, float64: 2, int32: 3, int64: 9, bool: 10, variant: 21 } as const;
export type DataType = keyof typeof dataTypes;

const literals = {
  float32: (values: readonly number[]) => Float32Array.from(values),
  float64: (values: readonly number[]) => Float64Array.from(values),
  int32: (values: readonly number[]) => Int32Array.from(values),
  int64: (values: readonly number[]) => BigInt64Array.from(values.map(BigInt)),
};
/** Types that constants can have. */
export type NumberType = keyof typeof literals;

/** A tensor's shape: -1 is a dimension known only at run time, null a shape of unknown rank. */
type Shape = readonly number[] | null;

interface TensorLiteral {
  readonly type: NumberType;
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** An attribute of an operation (attr_value.proto). */
export type Attribute =
  | { readonly type: DataType }
  | { readonly types: readonly DataType[] }
  | { readonly int: number }
  | { readonly bool: boolean }
  | { readonly shape: Shape }
  | { readonly shapes: readonly Shape[] }
  | { readonly function: string }
  | { readonly tensor: TensorLiteral };

/** One operation (node_def.proto). */
export interface NodeDef {
  readonly name: string;
  readonly op: string;
  /** Within a function `argument` or `node:output:index`, in the outermost graph `node:index`. */
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface ArgumentDef {
  readonly name: string;
  readonly type: DataType;
}

/** A function that operations call by name (function.proto). */
export interface FunctionDef {
  readonly name: string;
  readonly inputs: readonly ArgumentDef[];
  readonly outputs: readonly ArgumentDef[];
  readonly nodes: readonly NodeDef[];
  /** For each output its value in the function, as `node:output:index`. */
  readonly results: Readonly<Record<string, string>>;
}

/** A graph with named inputs and outputs. */
export interface Model {
  readonly functions: readonly FunctionDef[];
  readonly nodes: readonly NodeDef[];
  readonly inputs: readonly (ArgumentDef & { readonly tensor: string })[];
  readonly outputs: readonly (ArgumentDef & { readonly tensor: string })[];
}

/** A protobuf message: its fields by number. Numbers are varints, arrays nested messages. */
type Message = readonly Field[];
type Field = readonly [number: number, value: string | number | boolean | Uint8Array | Message];

// Any graph version of the last ten years: it only has to be newer than the minimum of old kernels.
const graphVersion = 1395;

/**
 * Encodes a model in TensorFlow's SavedModel format (saved_model.proto), without variables, with the tag `serve` and the signature
 * `serving_default`. Field numbers are those of tensorflow/core/framework and tensorflow/core/protobuf.
 */
export function encodeSavedModel(model: Model): Uint8Array {
  const metaGraph: Message = [
    [1, [[4, 'serve']]],
    [2, graphMessage(model)],
    [5, mapEntry('serving_default', signatureMessage(model))],
  ];
  const pbf = new PbfWriter();
  writeMessage(
    [
      [1, 1],
      [2, metaGraph],
    ],
    pbf,
  );
  return pbf.finish();
}

function writeMessage(message: Message, pbf: PbfWriter): void {
  for (const [field, value] of message) {
    if (typeof value === 'string') pbf.writeStringField(field, value);
    else if (typeof value === 'number') pbf.writeVarintField(field, value);
    else if (typeof value === 'boolean') pbf.writeBooleanField(field, value);
    else if (value instanceof Uint8Array) pbf.writeBytesField(field, value);
    else pbf.writeMessage(field, writeMessage, value);
  }
}

/** The same field for each item. */
function repeated<T>(field: number, items: readonly T[], valueOf: (item: T) => Field[1]): Field[] {
  return items.map((item) => [field, valueOf(item)]);
}

/** An entry of a protobuf map. */
function mapEntry(key: string, value: string | Message): Message {
  return [
    [1, key],
    [2, value],
  ];
}

function graphMessage({ nodes, functions }: Model): Message {
  return [...repeated(1, nodes, nodeMessage), [2, repeated(1, functions, functionMessage)], [4, [[1, graphVersion]]]];
}

function functionMessage({ name, inputs, outputs, nodes, results }: FunctionDef): Message {
  const argument = ({ name: argumentName, type }: ArgumentDef): Message => [
    [1, argumentName],
    [3, dataTypes[type]],
  ];
  return [
    [1, [[1, name], ...repeated(2, inputs, argument), ...repeated(3, outputs, argument)]],
    ...repeated(3, nodes, nodeMessage),
    ...repeated(4, Object.entries(results), ([output, value]) => mapEntry(output, value)),
  ];
}

function nodeMessage({ name, op, inputs, attributes }: NodeDef): Message {
  return [
    [1, name],
    [2, op],
    ...repeated(3, inputs, (input) => input),
    ...repeated(5, Object.entries(attributes), ([key, attribute]) => mapEntry(key, attributeMessage(attribute))),
  ];
}

function attributeMessage(attribute: Attribute): Message {
  if ('type' in attribute) return [[6, dataTypes[attribute.type]]];
  if ('int' in attribute) return [[3, attribute.int]];
  if ('bool' in attribute) return [[5, attribute.bool]];
  if ('shape' in attribute) return [[7, shapeMessage(attribute.shape)]];
  if ('function' in attribute) return [[10, [[1, attribute.function]]]];
  if ('tensor' in attribute) return [[8, tensorMessage(attribute.tensor)]];
  return [
    [1, 'types' in attribute ? repeated(6, attribute.types, (type) => dataTypes[type]) : repeated(7, attribute.shapes, shapeMessage)],
  ];
}

function shapeMessage(shape: Shape): Message {
  return shape === null ? [[3, true]] : repeated(2, shape, (size) => [[1, size]]);
}

function tensorMessage({ type, shape, values }: TensorLiteral): Message {
  return [
    [1, dataTypes[type]],
    [2, shapeMessage(shape)],
    [4, new Uint8Array(literals[type](values).buffer)],
  ];
}

function signatureMessage({ inputs, outputs }: Model): Message {
  const tensorInfo = ({ name, tensor, type }: Model['inputs'][number]): Message =>
    mapEntry(name, [
      [1, tensor],
      [2, dataTypes[type]],
      [3, shapeMessage(null)],
    ]);
  return [...repeated(1, inputs, tensorInfo), ...repeated(2, outputs, tensorInfo), [3, 'tensorflow/serving/predict']];
}
