/**
 * The forms that a body can have: JSON; JSON followed by the tensors' bytes; one tensor as `numpy.save` writes it; a request of the
 * Open Inference Protocol, with or without bytes behind its JSON.
 */
export type BodyForm = 'json' | 'framed' | 'npy' | 'inference';

/** A body that has arrived whole, as bytes. */
export interface RequestBody {
  readonly form: BodyForm;
  readonly bytes: Uint8Array;
  /** How many of its bytes are JSON, where others follow. */
  readonly jsonBytes: number;
  /** Of the URL: what an npy body has no room for. */
  readonly query: Readonly<Record<string, unknown>>;
}

export const mediaTypes = {
  json: 'application/json',
  framed: 'application/octet-stream',
  npy: 'application/x-npy',
} as const satisfies Partial<Record<BodyForm, string>>;

/** JSON as it is answered. */
export const jsonInUtf8 = `${mediaTypes.json}; charset=utf-8`;

/** The header that says where the JSON of a framed body ends. */
export const frameHeader = 'inference-header-content-length';
