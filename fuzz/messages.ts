import fc, { type Arbitrary } from 'fast-check';

import type { BodyForm } from '../src/requests/bodies/body.ts';
import { frameHeader, mediaTypes } from '../src/codecs/media-types.ts';
import { elementTypes, type ElementType } from '../src/codecs/element-types.ts';
import { npyHeader } from '../src/codecs/npy.ts';
import { inferenceModels } from '../src/requests/inference/inference-models.ts';
import type { Operation } from '../src/requests/plan.ts';
import { mutateBytes, mutateValue, mutations, type Mutation } from './mutations.ts';
import { validRequests, type FuzzRequest } from './requests.ts';
import { fromSchema, type Schema } from './schema-arbitrary.ts';
import { FuzzTensor, nest, writeTensors } from './tensor.ts';

/** An HTTP request to the service, and what is known of it. */
export interface Message {
  readonly operation: Operation;
  /** As the OpenAPI document has it. */
  readonly route: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly form: BodyForm;
  readonly query: Readonly<Record<string, string>>;
  /** Whether the headers say what the body is, so that its meaning can be foretold. */
  readonly isPlain: boolean;
}

export interface OpenApi {
  readonly paths: Readonly<
    Record<
      string,
      {
        readonly post?: {
          readonly requestBody: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
          readonly responses: Readonly<Record<string, unknown>>;
        };
      }
    >
  >;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

export const inferRoute = '/v2/models/{model}/infer';
export const routes: Readonly<Record<Operation, string>> = {
  surrogate_eval: '/surrogate/eval',
  surrogate_grad: '/surrogate/grad',
  lif_simulate: '/lif/simulate',
  lif_grad: '/lif/grad',
  lif_jvp: '/lif/jvp',
  network_simulate: '/network/simulate',
  network_grad: '/network/grad',
};
const operations = Object.keys(routes) as Operation[];
const accepts = [undefined, undefined, mediaTypes.json, mediaTypes.framed, mediaTypes.npy];
const oddHeaders: readonly Readonly<Record<string, string>>[] = [
  { 'content-type': 'text/plain' },
  { 'content-type': 'application/json; charset=utf-16' },
  { 'content-encoding': 'gzip' },
  { 'content-encoding': 'br, gzip' },
  { accept: 'text/html' },
  { [frameHeader]: '7' },
  { [frameHeader]: '-1' },
  { [frameHeader]: '999999999' },
  { 'accept-encoding': 'gzip' },
  { 'accept-encoding': 'identity;q=0, *;q=0' },
  { 'content-type': mediaTypes.framed },
  { 'content-type': mediaTypes.npy },
];

interface Draft {
  readonly operation: Operation;
  readonly request: FuzzRequest;
  readonly wire: 'json' | 'framed' | 'npy' | 'inference';
  readonly structure: readonly Mutation[];
  readonly bytes: readonly Mutation[];
  readonly accept: string | undefined;
  readonly odd: Readonly<Record<string, string>> | undefined;
}

/** Messages that are right, nearly right, wrong and nonsense, on every route and wire format, valid ones made from the document's schemas among them. */
export function messages(document: OpenApi): Arbitrary<Message> {
  const none = fc.constant<readonly Mutation[]>([]);
  const damage = fc.oneof(
    { weight: 16, arbitrary: fc.record({ structure: none, bytes: none }) },
    { weight: 7, arbitrary: fc.record({ structure: mutations(3), bytes: none }) },
    { weight: 4, arbitrary: fc.record({ structure: none, bytes: mutations(3) }) },
    { weight: 1, arbitrary: fc.record({ structure: mutations(2), bytes: mutations(2) }) },
  );
  const odd = fc.oneof({ weight: 19, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constantFrom(...oddHeaders) });
  const draft = (operation: Operation) =>
    fc
      .record({
        request: validRequests[operation],
        wire: fc.constantFrom('json' as const, 'json' as const, 'framed' as const, 'npy' as const, 'inference' as const),
        accept: fc.constantFrom(...accepts),
        odd,
      })
      .chain((parts) => damage.map((done) => toMessage({ operation, ...parts, ...done })));
  const described = (operation: Operation, route: string, form: BodyForm) =>
    fc
      .tuple(
        fromSchema(document.paths[route]!.post!.requestBody.content[mediaTypes.json]!.schema, document.components.schemas),
        damage,
        odd,
      )
      .map(([value, { structure, bytes }, header]) =>
        jsonMessage({ operation, bytes, accept: undefined, odd: header }, route, form, mutateValue(value, structure)),
      );
  return fc
    .constantFrom(...operations)
    .chain((operation) =>
      fc.oneof(
        { weight: 4, arbitrary: draft(operation) },
        { weight: 1, arbitrary: described(operation, routes[operation], 'json') },
        { weight: operation in inferenceModels ? 1 : 0, arbitrary: described(operation, inferRoute, 'inference') },
      ),
    );
}

function pathOf(operation: Operation, route: string): string {
  return route.replace('{model}', operation);
}

function jsonMessage(
  { operation, bytes, accept, odd }: Pick<Draft, 'operation' | 'bytes' | 'accept' | 'odd'>,
  route: string,
  form: BodyForm,
  value: unknown,
): Message {
  const body = mutateBytes(Buffer.from(JSON.stringify(value)), bytes);
  const headers = { 'content-type': mediaTypes.json, ...(accept !== undefined && { accept }), ...odd };
  return { operation, route, path: pathOf(operation, route), headers, body, form, query: {}, isPlain: odd === undefined };
}

function toMessage(draft: Draft): Message {
  const { operation, request, wire, structure } = draft;
  const route = routes[operation];
  const isNetwork = operation.startsWith('network');
  if (wire === 'inference' && operation in inferenceModels) return inferenceMessage(draft);
  const array = operation.startsWith('surrogate') ? request.x : request.current;
  if (wire === 'npy' && !isNetwork && array instanceof FuzzTensor) return npyMessage(draft, array);
  if (wire !== 'framed') return jsonMessage(draft, route, 'json', mutateValue(writeTensors(request), structure));
  const behind: Uint8Array[] = [];
  return framedMessage(draft, route, 'framed', mutateValue(writeTensors(request, behind), structure), behind);
}

function framedMessage(
  { operation, bytes, accept, odd }: Draft,
  route: string,
  form: BodyForm,
  json: unknown,
  behind: readonly Uint8Array[],
): Message {
  const head = Buffer.from(JSON.stringify(json));
  const headers = {
    'content-type': mediaTypes.framed,
    [frameHeader]: String(head.length),
    ...(form === 'framed' && accept !== undefined && { accept }),
    ...odd,
  };
  return {
    operation,
    route,
    path: pathOf(operation, route),
    headers,
    body: mutateBytes(Buffer.concat([head, ...behind]), bytes),
    form,
    query: {},
    isPlain: odd === undefined,
  };
}

/** Fields that an npy body holds, or that a URL has no room for. */
const elsewhere = new Set(['x', 'current', 'cotangent', 'loss']);

/** The fields of a request's neurons and tangents as a flat request has them; what is null is left out there. */
function flatFields({ neuron, state, tangents, ...fields }: FuzzRequest): Record<string, unknown> {
  const renamed = (group: unknown, name: (key: string) => string) =>
    Object.fromEntries(Object.entries(group ?? {}).map(([key, value]) => [name(key), value as unknown]));
  const flat = {
    ...renamed(neuron, (name) => name),
    ...renamed(state, (name) => `${name}_init`),
    ...renamed(tangents, (name) => `tangent_${name}`),
    ...fields,
  };
  return Object.fromEntries(Object.entries(flat).filter(([, value]) => value !== null));
}

function npyMessage({ operation, request, structure, bytes, accept, odd }: Draft, { shape, bytes: values, dtype }: FuzzTensor): Message {
  const { steps, ...fields } = request;
  const flat: Record<string, unknown> = { ...(shape.length < 2 && { steps }), ...flatFields(fields) };
  const texts = Object.entries(flat).flatMap(([name, value]) => {
    if (value === undefined || value instanceof FuzzTensor || elsewhere.has(name)) return [];
    return [
      [
        name,
        Array.isArray(value) && name !== 'surrogate' ? value.join(',') : typeof value === 'string' ? value : JSON.stringify(value),
      ] as const,
    ];
  });
  const changed = mutateValue(Object.fromEntries(texts), structure);
  const pairs: [string, unknown][] = typeof changed === 'object' && changed !== null ? Object.entries(changed) : [];
  const query: Record<string, string> = Object.fromEntries(pairs.map(([name, value]) => [asUrlText(name), asUrlText(value)]));
  delete query[''];
  const headers = { 'content-type': mediaTypes.npy, ...(accept !== undefined && { accept }), ...odd };
  const path = `${routes[operation]}?${Object.entries(query)
    .map((pair) => pair.map((text) => encodeURIComponent(text)).join('='))
    .join('&')}`;
  const body = mutateBytes(Buffer.concat([npyHead(dtype, shape), values]), bytes);
  return { operation, route: routes[operation], path, headers, body, form: 'npy', query, isPlain: odd === undefined };
}

/** Of a type that numpy does not have, one whose numbers are as long. */
function npyHead(dtype: ElementType, shape: readonly number[]): Buffer {
  const head = npyHeader('float32', shape).toString('latin1');
  return Buffer.from(head.replace('<f4', elementTypes[dtype].npy ?? '<f2'), 'latin1');
}

/** A URL has no room for half a character. */
function asUrlText(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString();
}

/** The fields of losses as flat requests have them. */
const flatLossFields: Readonly<Record<string, string>> = {
  type: 'loss',
  target: 'target',
  labels: 'labels',
  on: 'loss_on',
  tau: 'loss_tau',
  spikes: 'cotangent_spikes',
  v: 'cotangent_v',
  v_pre: 'cotangent_v_pre',
};

/** The layers of a network by paths, their neurons' tensors and records among them, and its input. */
function flatNetwork(layers: readonly object[], input: unknown): Record<string, unknown> {
  const flat: Record<string, unknown> = {};
  const add = (path: string, fields: object) => {
    for (const [name, value] of Object.entries(fields) as [string, unknown][])
      if (value === null) continue;
      else if (name === 'neuron') add(`${path}/neuron`, value as object);
      else flat[`${path}/${name}`] = Array.isArray(value) ? JSON.stringify(value) : value;
  };
  for (const [index, layer] of layers.entries()) add(`layers/${index}`, layer);
  if (input instanceof FuzzTensor) return { ...flat, input };
  const { events, shape } = input as { events: Readonly<Record<string, unknown>>; shape: readonly number[] };
  for (const [name, value] of Object.entries(events)) flat[`events_${name}`] = value;
  return { ...flat, input_shape: JSON.stringify(shape) };
}

/** The same request as the Open Inference Protocol has it. */
function inferenceMessage(draft: Draft): Message {
  const { request, structure } = draft;
  const { loss, layers, input, ...fields } = request;
  const flat = flatFields(fields);
  if (layers !== undefined) Object.assign(flat, flatNetwork(layers as readonly object[], input));
  for (const [field, value] of Object.entries(loss ?? {})) {
    const name = flatLossFields[field];
    if (name !== undefined) flat[name] = value;
  }
  const behind: Uint8Array[] = [];
  const inputs: object[] = [];
  const parameters: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(flat)) {
    // The protocol has a way of its own to ask for bytes.
    if (name === 'encoding') continue;
    if (value instanceof FuzzTensor) inputs.push(inputOf(name, value, behind));
    else if (
      typeof value === 'number' &&
      ['x', 'current', 'cotangent', 'target', 'labels', 'cotangent_spikes', 'cotangent_v', 'cotangent_v_pre'].includes(name)
    )
      inputs.push({ name, shape: [1], datatype: 'FP32', data: [value] });
    else if (Array.isArray(value) && name !== 'surrogate') parameters[name] = value.join(',');
    else parameters[name] = typeof value === 'object' ? JSON.stringify(value) : value;
  }
  const json = mutateValue({ inputs, parameters }, structure);
  if (behind.length > 0) return framedMessage(draft, inferRoute, 'inference', json, behind);
  return jsonMessage({ ...draft, accept: undefined }, inferRoute, 'inference', json);
}

function inputOf(name: string, tensor: FuzzTensor, behind: Uint8Array[]): object {
  const { shape, dtype, form } = tensor;
  const head = { name, shape, datatype: elementTypes[dtype].datatype ?? 'BITS' };
  const values = dtype === 'bool' ? tensor.values.map(Boolean) : tensor.values;
  if (form === 'nested' && shape.length > 0) return { ...head, data: nest(values, shape) };
  if (form !== 'bytes') return { ...head, data: values };
  behind.push(tensor.bytes);
  return { ...head, parameters: { binary_data_size: tensor.bytes.length } };
}
