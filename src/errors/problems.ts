/** A kind of problem, for clients and for the documentation. */
export interface ProblemType {
  readonly status: number;
  /** Short and the same for every occurrence, as RFC 9457 asks. */
  readonly title: string;
  /** When it happens, and what to do about it. */
  readonly description: string;
}

/** Every problem that an answer can report, by its stable code. The documentation is made from this catalogue. */
export const problemTypes = {
  invalid_json: {
    status: 400,
    title: 'The body is not JSON',
    description:
      'The body could not be parsed; `detail` says where it stops being JSON. `NaN`, `Infinity` and trailing commas are not JSON: Python writes the first two unless told `allow_nan=False`.',
  },
  invalid_frame: {
    status: 400,
    title: "The body's framing is wrong",
    description:
      "A body of `application/octet-stream` is JSON followed by the tensors' bytes, and the header `Inference-Header-Content-Length` says how many bytes are JSON. The header is missing, not a number, or larger than the body, or the body is JSON alone.",
  },
  invalid_npy: {
    status: 400,
    title: 'The body is not an npy array',
    description:
      'A body of `application/x-npy` is one array of floats, integers or bools as `numpy.save` writes it. `detail` says what was found; `numpy.save(file, array.astype(numpy.float32))` is right.',
  },
  empty_body: { status: 400, title: 'The body is missing', description: 'The route needs a request body, and none came.' },
  incomplete_body: {
    status: 400,
    title: 'The body was cut off',
    description: 'Fewer or more bytes arrived than `Content-Length` announced. Often a proxy or a client that gave up while sending.',
  },
  corrupt_body: {
    status: 400,
    title: 'The body cannot be decompressed',
    description:
      'The body is not what its `Content-Encoding` says: not gzip, Brotli or deflate (in the zlib format), cut short, or followed by something else.',
  },
  forbidden_key: {
    status: 400,
    title: 'The body has a forbidden key',
    description: 'The body holds `__proto__`, or `constructor` with a `prototype`, as a key. No request needs them.',
  },
  invalid_request: {
    status: 400,
    title: 'The request is not valid',
    description:
      'The body is JSON, but not what the route takes: a missing or unknown field, a value of the wrong type or outside its range, a ragged tensor, shapes that do not fit each other, an unknown surrogate. `errors` lists what was found, each with the JSON pointer (RFC 6901) of the place and what would be right there. Nothing is coerced: `"1"`, `true` and `null` are not numbers.',
  },
  numerical_overflow: {
    status: 400,
    title: 'The result leaves the range of its numbers',
    description:
      'A result is infinite or undefined in float32, or in float64 where the request asks for that. The usual cause is an explicit Euler step that is too long (`dt / tau` above 2 makes the membrane oscillate and grow): take a smaller `dt` or `"integration": "exponential"`. That of a gradient is a steep surrogate, through which it grows from step to step by way of the reset: take `"detach_reset": true`, or a surrogate with a lower peak. Of several surrogates those that can be computed are answered, each other one with `error` in the place of its result.',
  },
  invalid_timeout: {
    status: 400,
    title: 'The time limit is not valid',
    description:
      'The header `X-Request-Timeout-Ms` must be a whole number of milliseconds of at least 1. More than `REQUEST_TIMEOUT_MS` counts as that.',
  },
  malformed_http: {
    status: 400,
    title: 'The message is not HTTP',
    description: 'The bytes on the connection are not a well-formed HTTP/1.1 request, or its URL is not a valid one.',
  },
  unauthorized: {
    status: 401,
    title: 'A key is needed',
    description:
      'This server requires a key: send it as `Authorization: Bearer <key>`. The request had no key, or one that the server does not know. Probes and documents need none.',
  },
  page_not_built: {
    status: 404,
    title: 'The page is not there',
    description:
      'This server was started without the files of its page; `npm run build` writes them to `dist/page`. The API works without it.',
  },
  not_found: { status: 404, title: 'No such resource', description: 'No route has this path. `GET /openapi.json` lists all routes.' },
  surrogate_not_found: {
    status: 404,
    title: 'No such surrogate',
    description:
      'The catalogue has no surrogate of this name, or several that differ from it in case and underscores alone; `detail` says which may be meant. `GET /surrogates` lists all.',
  },
  neuron_not_found: {
    status: 404,
    title: 'No such neuron',
    description: 'The catalogue has no neuron of this name; `detail` says which may be meant. `GET /neurons` lists all.',
  },
  method_not_allowed: {
    status: 405,
    title: 'The method is not allowed here',
    description: 'The path exists, but not with this method. `Allow` lists those it has.',
  },
  not_acceptable: {
    status: 406,
    title: 'No acceptable format',
    description: "The request's `Accept` excludes every format that the route can answer in; `detail` lists them.",
  },
  request_timeout: {
    status: 408,
    title: 'The request took too long to arrive',
    description: 'Headers were not complete within `HEADERS_TIMEOUT_MS`, or headers and body within `RECEIVE_TIMEOUT_MS`.',
  },
  tensor_unknown: {
    status: 409,
    title: 'A named tensor is not kept here',
    description:
      'The request names a weight by the SHA-256 of its bytes, and this server does not have it: it was never sent here, other tensors have taken its place in the memory of `MAX_CACHED_TENSOR_BYTES`, or the server has restarted. `errors` lists every such place. Send the request again with the tensors themselves; the next one may name them.',
  },
  body_too_large: {
    status: 413,
    title: 'The body is too large',
    description:
      'The body has more bytes than `MAX_BODY_BYTES`. Base64 takes less than half the bytes of numbers in JSON; or split the batch, since every neuron and every x is computed on its own.',
  },
  too_much_work: {
    status: 413,
    title: 'The request asks for too much work',
    description:
      'The request exceeds a limit, and `detail` gives the estimate and the limit: `MAX_NEURON_STEPS` neuron-steps, or `MAX_REFERENCE_NEURON_STEPS` on the back-end `reference`; `MAX_RESULT_VALUES` values to make or answer, and 32 bytes for each of these in the answer; `MAX_STREAMED_VALUES` values to stream; or `MAX_MEMORY_BYTES` of memory. Split the batch, record less, or ask the operator for other limits.',
  },
  uri_too_long: {
    status: 414,
    title: 'The URL is too long',
    description: 'A segment of the path is longer than the name of any resource.',
  },
  unsupported_media_type: {
    status: 415,
    title: "The body's media type is not supported",
    description:
      'Send `Content-Type: application/json`, `application/octet-stream` for JSON followed by bytes, or `application/x-npy`; and `Content-Encoding: gzip`, `br` or none. curl sends `application/x-www-form-urlencoded` unless told otherwise: `-H "content-type: application/json"`, or `--json`.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    description:
      'The client, identified by its key or else by its address, has sent more than `RATE_LIMIT_MAX` requests within a window. Send the request again after `Retry-After` seconds; `RateLimit-Remaining` in every answer says how many are left. Many small jobs fit in one request, as the rows of a tensor.',
  },
  headers_too_large: {
    status: 431,
    title: 'The headers are too large',
    description: "The request's URL and headers exceed 16 KiB together, or there are more than 200 headers.",
  },
  internal_error: {
    status: 500,
    title: 'A fault of ours',
    description:
      'Something failed in the service; the request is not to blame. Please report it with its `request_id`, which finds it in the log.',
  },
  out_of_memory: {
    status: 503,
    title: 'There is no memory for the job now',
    description:
      'The job needs more memory than other jobs leave it, of the system or of `MAX_MEMORY_BYTES`. Send the request again after `Retry-After` seconds, or split it into smaller ones.',
  },
  overloaded: {
    status: 503,
    title: 'The service is busy',
    description:
      'The job would have to wait for longer than `MAX_QUEUE_MS`, so it was not started. Send the request again after `Retry-After` seconds, when the jobs ahead of it should be done.',
  },
  worker_lost: {
    status: 503,
    title: 'The threads that computed the job ended',
    description:
      'A thread that computed the job ended unexpectedly. The job was tried again, and that thread ended too. Other jobs are not affected. Send the request again after `Retry-After` seconds; if it happens every time, please report it.',
  },
  shutting_down: {
    status: 503,
    title: 'The service is shutting down',
    description:
      'This instance finishes its running requests and accepts no new ones. Send the request again after `Retry-After` seconds, when another instance can take it.',
  },
  deadline_exceeded: {
    status: 504,
    title: 'The request took too long',
    description:
      'The answer did not begin within `REQUEST_TIMEOUT_MS`, or within the limit that the request sets: the header `X-Request-Timeout-Ms` in milliseconds, or on `/v2` the parameter `timeout` in microseconds. The job was stopped. Split the request, or allow it more time.',
  },
  http_version_not_supported: {
    status: 505,
    title: 'The version of HTTP is not supported',
    description: 'The server speaks HTTP/1.1 and HTTP/1.0. A proxy in front may speak other versions with its clients.',
  },
} as const satisfies Record<string, ProblemType>;

export type ProblemCode = keyof typeof problemTypes;

/** An error in the input: its JSON pointer, and a message that says what is wrong and what would be right. */
export interface InputError {
  readonly path: string;
  readonly message: string;
}

export interface ProblemOptions extends ErrorOptions {
  readonly errors?: readonly InputError[];
  /** Headers that the answer needs besides, such as `Allow`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A failure that the client is told about.
 *
 * @example
 * throw new Problem('method_not_allowed', 'PUT is not allowed on /lif/grad.', { headers: { allow: 'POST' } });
 */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly errors: readonly InputError[] | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;

  constructor(code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    super(detail, options);
    this.code = code;
    this.errors = options.errors;
    this.headers = options.headers;
  }

  get status(): number {
    return problemTypes[this.code].status;
  }

  /** The problem as one text. */
  toText(): string {
    if (this.errors === undefined || this.errors.length < 2) return this.message;
    return this.errors.map(({ path, message }) => `${path === '' ? 'The body' : path}: ${message}`).join('; ');
  }

  /** The body of the answer, as RFC 9457 has it. */
  toDocument(instance: string, requestId: string): ProblemDocument {
    const { status, title } = problemTypes[this.code];
    return {
      type: `/problems/${this.code}`,
      title,
      status,
      detail: this.message,
      instance,
      code: this.code,
      request_id: requestId,
      ...(this.errors && { errors: this.errors }),
    };
  }
}

/** Problem details (RFC 9457) with this service's members `code`, `request_id` and `errors`. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: ProblemCode;
  readonly request_id: string;
  readonly errors?: readonly InputError[];
}

export const problemMediaType = 'application/problem+json; charset=utf-8';
