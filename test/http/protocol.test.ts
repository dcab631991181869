import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemTypes, type ProblemDocument } from '../../src/errors/problems.ts';
import { Service } from './service.ts';

const good = JSON.stringify({ x: 0, surrogate: 'sigmoid' });

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(() => service.stop());

describe('a body', () => {
  it.each([
    ['{"x": 1', 'invalid_json', 'Unexpected the end of the text at position 7 (line 1, column 8).'],
    ['{"x": NaN}', 'invalid_json', 'Unexpected "NaN" at position 6'],
    ['{"x": 1,}', 'invalid_json', 'Unexpected "}" at position 8'],
    ['{"x": 0, "surrogate": "erf", "__proto__": {}}', 'forbidden_key', '__proto__'],
    ['{"x": {"constructor": {"prototype": 1}}}', 'forbidden_key', 'constructor'],
    ['  ', 'empty_body', 'none came'],
    ['null', 'invalid_request', 'must be an object, got null'],
    ['[]', 'invalid_request', 'must be an object, got an empty array'],
    ['"x"', 'invalid_request', 'must be an object, got "x"'],
    ['{}', 'invalid_request', '/x: is required (and 1 more in errors)'],
    ['1e999', 'invalid_request', 'must be an object'],
  ])('%s is refused as %s', async (body, code, detail) => {
    const problem = await service.refused('/surrogate/grad', body);
    expect(problem).toMatchObject({
      status: 400,
      code,
      type: `/problems/${code}`,
      title: problemTypes[code as keyof typeof problemTypes].title,
    });
    expect(problem.detail).toContain(detail);
    expect(problem.instance).toBe('/surrogate/grad');
  });

  it('may be missing, which is a 400', async () => {
    const { status, body } = await service.request<ProblemDocument>('/surrogate/grad', { method: 'POST' });
    expect(status).toBe(400);
    expect(body.code).toBe('empty_body');
    expect(
      await service.raw(
        'POST /lif/grad HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
      ),
    ).toContain('"empty_body"');
  });

  it('that is cut off gets a 400, and the service lives on', async () => {
    const answer = await service.raw(
      `POST /surrogate/grad HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n${good}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(answer).toContain('"code":"incomplete_body"');
    expect((await service.post('/surrogate/grad', good)).status).toBe(200);
  });

  it('that stops in the middle of a chunk gets a 400', async () => {
    const answer = await service.raw(
      'POST /surrogate/grad HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{"x": 1',
    );
    expect(answer).toContain('"code":"incomplete_body"');
  });

  it('whose client resets the connection harms nobody', async () => {
    const socket = connect(service.port, '127.0.0.1');
    socket.write(`POST /surrogate/grad HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n${good}`);
    await once(socket, 'connect');
    socket.resetAndDestroy();
    expect((await service.post('/surrogate/grad', good)).status).toBe(200);
  });

  it('of 100 MB is refused as too large, with and without a length announced', async () => {
    const bytes = Buffer.alloc(100 * 2 ** 20, 0x20);
    const announced = await service.request<ProblemDocument>('/lif/grad', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: bytes,
    });
    expect(announced.status).toBe(413);
    expect(announced.body).toMatchObject({ code: 'body_too_large', detail: 'The body is larger than the limit of 67108864 bytes.' });

    // A client that reads only when all is written; what it sends behind the body is not answered any more.
    const chunk = `100000\r\n${' '.repeat(2 ** 20)}\r\n`;
    const answer = await service.raw(
      `POST /lif/grad HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(100)}0\r\n\r\n` +
        'GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('"body_too_large"');
    expect(answer).toMatch(/\r\nconnection: close\r\n/i);
    expect(answer).not.toContain('{"live":true}');
  });

  it('with a million wrong values is refused at once, with a few of the errors', async () => {
    for (const body of [
      { x: new Array(1e6).fill(null), surrogate: 'erf' },
      { x: 0, surrogate: new Array(1e6).fill('er') },
      { x: 0, surrogate: 'erf', outputs: new Array(1e6).fill('a') },
      Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => [`k${i}`, i])),
    ]) {
      const problem = await service.refused('/surrogate/eval', body);
      expect(problem.errors!.length).toBeLessThanOrEqual(20);
    }
  });

  it('in another media type is a 415', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'nonsense']) {
      const { status, body } = await service.request<ProblemDocument>('/lif/grad', {
        method: 'POST',
        headers: { 'content-type': type },
        body: good,
      });
      expect(status).toBe(415);
      expect(body.code).toBe('unsupported_media_type');
    }
    expect((await service.post('/surrogate/grad', good, { 'content-type': 'application/json; charset=utf-8' })).status).toBe(200);
  });

  it('may hold any characters', async () => {
    const problem = await service.refused('/surrogate/grad', { x: 0, surrogate: 'ünïcode 🧠 "quoted"\n' });
    expect(problem.errors![0]!.message).toContain('ünïcode 🧠');
  });
});

describe('a connection', () => {
  it('is kept after a refused body', async () => {
    const request = `POST /surrogate/grad HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{`;
    const next = 'GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    const answer = await service.raw(request + next);
    expect(answer).toContain('"invalid_json"');
    expect(answer).toContain('{"live":true}');
  });

  it.each([
    ['GARBAGE\r\n\r\n', 400, 'malformed_http'],
    ['GET / HTTP/1.1\r\nHost x\r\n\r\n', 400, 'malformed_http'],
    [`GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
    ['GET /%ff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 400, 'malformed_http'],
    [`GET /surrogates/${'x'.repeat(300)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`, 414, 'uri_too_long'],
  ])('with %j is answered', async (bytes, status, code) => {
    const answer = await service.raw(bytes);
    expect(answer).toContain(`HTTP/1.1 ${status} `);
    const problem = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as ProblemDocument;
    expect(problem).toMatchObject({ status, code });
  });
});

describe('a path', () => {
  it('that is unknown is a 404 that names the nearest', async () => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const { status, body } = await service.request<ProblemDocument>('/lif/grd?secret=1', { method });
      expect(status).toBe(404);
      expect(body).toMatchObject({ code: 'not_found', detail: 'There is no "/lif/grd"; did you mean "/lif/grad"?', instance: '/lif/grd' });
    }
  });

  it.each([
    ['GET', '/lif/grad', 'POST, OPTIONS'],
    ['PUT', '/surrogate/eval', 'POST, OPTIONS'],
    ['POST', '/surrogates', 'GET, HEAD, OPTIONS'],
    ['DELETE', '/surrogates/sigmoid', 'GET, HEAD, OPTIONS'],
    ['POST', '/livez', 'GET, HEAD, OPTIONS'],
  ])('does not take %s %s', async (method, path, allow) => {
    const init = method === 'GET' ? { method } : { method, headers: { 'content-type': 'text/xml' }, body: '<x/>' };
    const { status, headers, body } = await service.request<ProblemDocument>(path, init);
    expect(status).toBe(405);
    expect(headers.get('allow')).toBe(allow);
    expect(body.code).toBe('method_not_allowed');
  });

  it('answers OPTIONS and HEAD', async () => {
    const options = await service.request('/lif/grad', { method: 'OPTIONS' });
    expect(options.status).toBe(204);
    expect(options.headers.get('allow')).toBe('POST, OPTIONS');
    const head = await service.request('/surrogates', { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(head.body).toBeUndefined();
  });
});

describe('Accept', () => {
  it.each([
    ['application/json', 200],
    ['application/*;q=0.5', 200],
    ['text/html, */*;q=0.1', 200],
    ['text/html', 406],
    ['application/json;q=0', 406],
    ['*/*;q=0.5, application/json;q=0, application/octet-stream;q=0, application/x-npy;q=0', 406],
    ['image/*, text/plain', 406],
  ])('%s gives %d', async (accept, expected) => {
    const { status, headers, body } = await service.post<ProblemDocument>('/surrogate/grad', good, { accept });
    expect(status).toBe(expected);
    if (expected === 406) {
      expect(headers.get('content-type')).toContain('application/problem+json');
      expect(body.code).toBe('not_acceptable');
    }
  });
});

describe('a fault of ours', () => {
  it('shows an id that the log has, and nothing else', async () => {
    const lines: unknown[] = [];
    const { pino } = await import('pino');
    const logger = pino(
      { level: 'error' },
      {
        write: (line: string) => {
          lines.push(JSON.parse(line));
        },
      },
    );
    const broken = await Service.start({}, { logger });
    broken.app.engine.run = () => {
      throw new Error('a secret in /some/path');
    };
    try {
      const { status, headers, body } = await broken.post<ProblemDocument>('/surrogate/grad', good);
      expect(status).toBe(500);
      expect(body).toMatchObject({ code: 'internal_error', status: 500 });
      expect(JSON.stringify(body)).not.toMatch(/secret|some.path|node_modules|\.ts/);
      expect(headers.get('x-request-id')).toBe(body.request_id);
      expect(lines).toContainEqual(
        expect.objectContaining({
          request_id: body.request_id,
          err: expect.objectContaining({ message: 'a secret in /some/path' }) as unknown,
        }),
      );
    } finally {
      await broken.stop();
    }
  });
});

it('X-Request-Id of the client is used where it is a plain word', async () => {
  const withId = async (id: string) =>
    (await service.post<ProblemDocument>('/surrogate/grad', '{', { 'x-request-id': id })).body.request_id;
  expect(await withId('trace-1.2:3')).toBe('trace-1.2:3');
  expect(await withId('two words')).not.toBe('two words');
  expect(await withId('x'.repeat(65))).not.toContain('xx');
});
