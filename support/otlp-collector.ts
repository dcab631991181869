import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PbfReader } from 'pbf';

export interface CollectedSpan {
  traceId: string;
  spanId: string;
  /** Empty where there is no parent. */
  parentId: string;
  name: string;
  /** 1 is internal, 2 a server's. */
  kind: number;
  /** Nanoseconds since 1970. */
  start: bigint;
  end: bigint;
  attributes: Record<string, unknown>;
  /** 2 is an error. */
  status: number;
  resource: Record<string, unknown>;
}

/** A collector that takes traces as OTLP over HTTP in protobuf (opentelemetry/proto/collector/trace/v1). */
export class OtlpCollector {
  readonly spans: CollectedSpan[] = [];
  readonly requests: { path: string | undefined; headers: IncomingHttpHeaders }[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
      });
      request.on('end', () => {
        this.requests.push({ path: request.url, headers: request.headers });
        this.spans.push(...readRequest(Buffer.concat(chunks)));
        response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
      });
    });
  }

  static async start(): Promise<OtlpCollector> {
    const collector = new OtlpCollector();
    collector.#server.listen(0, '127.0.0.1');
    await once(collector.#server, 'listening');
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** Calls `read` for each field of a message; what it does not read is skipped. */
function fields(bytes: Uint8Array, read: (tag: number, reader: PbfReader) => void): void {
  new PbfReader(bytes).readFields((tag, _result, reader) => {
    read(tag, reader);
  }, undefined);
}

function readRequest(bytes: Uint8Array): CollectedSpan[] {
  const spans: CollectedSpan[] = [];
  fields(bytes, (tag, reader) => {
    if (tag === 1) spans.push(...readResourceSpans(reader.readBytes()));
  });
  return spans;
}

function readResourceSpans(bytes: Uint8Array): CollectedSpan[] {
  const resource: Record<string, unknown> = {};
  const spans: CollectedSpan[] = [];
  fields(bytes, (tag, reader) => {
    if (tag === 1)
      fields(reader.readBytes(), (inner, message) => {
        if (inner === 1) readAttribute(message.readBytes(), resource);
      });
    if (tag === 2)
      fields(reader.readBytes(), (inner, message) => {
        if (inner === 2) spans.push(readSpan(message.readBytes(), resource));
      });
  });
  return spans;
}

function readSpan(bytes: Uint8Array, resource: Record<string, unknown>): CollectedSpan {
  const span: CollectedSpan = {
    traceId: '',
    spanId: '',
    parentId: '',
    name: '',
    kind: 0,
    start: 0n,
    end: 0n,
    attributes: {},
    status: 0,
    resource,
  };
  const hex = (reader: PbfReader) => Buffer.from(reader.readBytes()).toString('hex');
  const time = (reader: PbfReader) => {
    const at = reader.pos;
    reader.pos += 8;
    return Buffer.from(reader.buf).readBigUInt64LE(at);
  };
  fields(bytes, (tag, reader) => {
    if (tag === 1) span.traceId = hex(reader);
    if (tag === 2) span.spanId = hex(reader);
    if (tag === 4) span.parentId = hex(reader);
    if (tag === 5) span.name = reader.readString();
    if (tag === 6) span.kind = reader.readVarint();
    if (tag === 7) span.start = time(reader);
    if (tag === 8) span.end = time(reader);
    if (tag === 9) readAttribute(reader.readBytes(), span.attributes);
    if (tag === 15)
      fields(reader.readBytes(), (inner, message) => {
        if (inner === 3) span.status = message.readVarint();
      });
  });
  return span;
}

function readAttribute(bytes: Uint8Array, into: Record<string, unknown>): void {
  let key = '';
  let value: unknown;
  fields(bytes, (tag, reader) => {
    if (tag === 1) key = reader.readString();
    if (tag === 2) {
      fields(reader.readBytes(), (kind, message) => {
        if (kind === 1) value = message.readString();
        if (kind === 2) value = message.readBoolean();
        if (kind === 3) value = message.readVarint(true);
        if (kind === 4) value = message.readDouble();
      });
    }
  });
  into[key] = value;
}
