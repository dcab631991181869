import { PbfWriter } from 'pbf';

import { dataTypes, type ArgumentDef, type Attribute, type FunctionDef, type Model, type NodeDef } from './graph-def.ts';

/** The only tag and the only signature that models written here have. */
export const servingTag = 'serve';
export const servingSignature = 'serving_default';

// Any graph version from the last ten years: it only has to be above what old kernels ask for.
const graphVersion = 1395;

/**
 * A model in TensorFlow's SavedModel format (saved_model.proto), without variables. Numbers of fields are those of
 * tensorflow/core/framework and tensorflow/core/protobuf.
 */
export function encodeSavedModel(model: Model): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeVarintField(1, 1);
  pbf.writeMessage(2, writeMetaGraph, model);
  return pbf.finish();
}

function writeMetaGraph(model: Model, pbf: PbfWriter): void {
  pbf.writeMessage(
    1,
    (tag: string, info: PbfWriter) => {
      info.writeStringField(4, tag);
    },
    servingTag,
  );
  pbf.writeMessage(2, writeGraph, model);
  writeMapEntry(pbf, 5, servingSignature, (entry) => {
    entry.writeMessage(2, writeSignature, model);
  });
}

function writeGraph({ nodes, functions }: Model, pbf: PbfWriter): void {
  for (const node of nodes) pbf.writeMessage(1, writeNode, node);
  pbf.writeMessage(2, writeLibrary, functions);
  pbf.writeMessage(
    4,
    (version: number, versions: PbfWriter) => {
      versions.writeVarintField(1, version);
    },
    graphVersion,
  );
}

function writeLibrary(functions: readonly FunctionDef[], pbf: PbfWriter): void {
  for (const definition of functions) pbf.writeMessage(1, writeFunction, definition);
}

function writeFunction(definition: FunctionDef, pbf: PbfWriter): void {
  pbf.writeMessage(1, writeOpDef, definition);
  for (const node of definition.nodes) pbf.writeMessage(3, writeNode, node);
  for (const [output, value] of Object.entries(definition.results)) {
    writeMapEntry(pbf, 4, output, (entry) => {
      entry.writeStringField(2, value);
    });
  }
}

function writeOpDef({ name, inputs, outputs }: FunctionDef, pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  for (const input of inputs) pbf.writeMessage(2, writeArgument, input);
  for (const output of outputs) pbf.writeMessage(3, writeArgument, output);
}

function writeArgument({ name, type }: ArgumentDef, pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  pbf.writeVarintField(3, dataTypes[type]);
}

function writeNode({ name, op, inputs, attributes }: NodeDef, pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  pbf.writeStringField(2, op);
  for (const input of inputs) pbf.writeStringField(3, input);
  for (const [key, attribute] of Object.entries(attributes)) {
    writeMapEntry(pbf, 5, key, (entry) => {
      entry.writeMessage(2, writeAttribute, attribute);
    });
  }
}

function writeAttribute(attribute: Attribute, pbf: PbfWriter): void {
  if ('type' in attribute) pbf.writeVarintField(6, dataTypes[attribute.type]);
  else if ('int' in attribute) pbf.writeVarintField(3, attribute.int);
  else if ('bool' in attribute) pbf.writeBooleanField(5, attribute.bool);
  else if ('shape' in attribute) pbf.writeMessage(7, writeShape, attribute.shape);
  else if ('function' in attribute)
    pbf.writeMessage(
      10,
      (name: string, list: PbfWriter) => {
        list.writeStringField(1, name);
      },
      attribute.function,
    );
  else if ('tensor' in attribute) pbf.writeMessage(8, writeTensor, attribute.tensor);
  else pbf.writeMessage(1, writeList, attribute);
}

type ListAttribute = Extract<Attribute, { types: unknown } | { shapes: unknown }>;

function writeList(attribute: ListAttribute, pbf: PbfWriter): void {
  if ('types' in attribute)
    pbf.writePackedVarint(
      6,
      attribute.types.map((type) => dataTypes[type]),
    );
  else for (const shape of attribute.shapes) pbf.writeMessage(7, writeShape, shape);
}

function writeShape(shape: readonly number[] | null, pbf: PbfWriter): void {
  if (shape === null) {
    pbf.writeBooleanField(3, true);
    return;
  }
  for (const size of shape)
    pbf.writeMessage(
      2,
      (length: number, dimension: PbfWriter) => {
        dimension.writeVarintField(1, length);
      },
      size,
    );
}

const literals = {
  float32: (values: readonly number[]) => Float32Array.from(values),
  float64: (values: readonly number[]) => Float64Array.from(values),
  int32: (values: readonly number[]) => Int32Array.from(values),
  int64: (values: readonly number[]) => BigInt64Array.from(values.map(BigInt)),
};

function writeTensor({ type, shape, values }: Extract<Attribute, { tensor: unknown }>['tensor'], pbf: PbfWriter): void {
  pbf.writeVarintField(1, dataTypes[type]);
  pbf.writeMessage(2, writeShape, shape);
  pbf.writeBytesField(4, new Uint8Array(literals[type](values).buffer));
}

function writeSignature({ inputs, outputs }: Model, pbf: PbfWriter): void {
  for (const input of inputs)
    writeMapEntry(pbf, 1, input.name, (entry) => {
      entry.writeMessage(2, writeTensorInfo, input);
    });
  for (const output of outputs)
    writeMapEntry(pbf, 2, output.name, (entry) => {
      entry.writeMessage(2, writeTensorInfo, output);
    });
  pbf.writeStringField(3, 'tensorflow/serving/predict');
}

function writeTensorInfo({ tensor, type }: Model['inputs'][number], pbf: PbfWriter): void {
  pbf.writeStringField(1, tensor);
  pbf.writeVarintField(2, dataTypes[type]);
  pbf.writeMessage(3, writeShape, null);
}

/** An entry of a protobuf map: a message of a key and, in field 2, the value that `writeValue` writes. */
function writeMapEntry(pbf: PbfWriter, field: number, key: string, writeValue: (entry: PbfWriter) => void): void {
  pbf.writeMessage(
    field,
    (_: undefined, entry: PbfWriter) => {
      entry.writeStringField(1, key);
      writeValue(entry);
    },
    undefined,
  );
}
