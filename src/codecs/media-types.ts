/** Media types of bodies and answers, by their form. */
export const mediaTypes = { json: 'application/json', framed: 'application/octet-stream', npy: 'application/x-npy' } as const;

/** JSON as it is answered. */
export const jsonInUtf8 = `${mediaTypes.json}; charset=utf-8`;

/** The header that says where the JSON of a framed body ends. */
export const frameHeader = 'inference-header-content-length';
