import fc, { type Arbitrary } from 'fast-check';

/** What is done to a request, said in numbers: which mutation, where, and with what. */
export interface Mutation {
  readonly kind: number;
  readonly where: number;
  readonly what: number;
}

export const mutations = (maxLength: number): Arbitrary<readonly Mutation[]> =>
  fc.array(fc.record({ kind: fc.nat(), where: fc.nat(), what: fc.nat() }), { minLength: 1, maxLength });

const strangers: readonly unknown[] = [
  null,
  true,
  false,
  '',
  '1',
  'sigmoid',
  'NaN',
  'x',
  '__proto__',
  [],
  {},
  [[]],
  [1],
  [null],
  { x: 1 },
  { shape: [1], data: [1] },
  { linspace: [0, 1, 3] },
  { dtype: 'float32', shape: [1], base64: 'AACAPw==' },
  0,
  -0,
  -1,
  1,
  0.5,
  2,
  1e39,
  -1e39,
  3.4e38,
  1e308,
  5e-324,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  -(2 ** 53),
  4096,
  65,
];
const keys = [
  'x',
  'current',
  'steps',
  'tau',
  'alpha',
  'shape',
  'data',
  'name',
  'toString',
  'constructor',
  '',
  'ünï\ud800',
  'k'.repeat(200),
];

/** One of them, to be changed in turn. */
function strange(which: number): unknown {
  return structuredClone(strangers[which % strangers.length]);
}

/** A JSON value changed at some places: types, lengths, numbers, keys. */
export function mutateValue(value: unknown, changes: readonly Mutation[]): unknown {
  const root = { value: structuredClone(value) };
  for (const { kind, where, what } of changes) {
    const places = placesIn(root);
    const [holder, key] = places[where % places.length]!;
    const target = holder as Record<string, unknown>;
    const old = target[key];
    switch (kind % 8) {
      case 0:
      case 1:
        target[key] = strange(what);
        break;
      case 2:
        if (Array.isArray(holder)) holder.splice(Number(key), 1);
        else if (holder !== root) Reflect.deleteProperty(holder, key);
        break;
      case 3:
        if (Array.isArray(holder)) {
          holder.splice(Number(key), 0, strange(what));
        } else if (holder !== root) {
          Reflect.deleteProperty(holder, key);
          target[keys[what % keys.length]!] = old;
        }
        break;
      case 4:
        target[key] = [old];
        break;
      case 5: {
        const [otherHolder, otherKey] = places[what % places.length]!;
        if (otherHolder !== root && holder !== root) target[key] = structuredClone((otherHolder as Record<string, unknown>)[otherKey]);
        break;
      }
      case 6:
        if (typeof old === 'number') target[key] = [old + 1, -old, old * 2, old * 1e30, old / 1e30, Math.trunc(old), 1 / old][what % 7];
        else if (typeof old === 'string') target[key] = [old.toUpperCase(), old.slice(1), old + old, `${old} `][what % 4];
        else if (Array.isArray(old)) target[key] = [...(old as unknown[]), ...(old as unknown[])];
        break;
      default:
        if (typeof old === 'object' && old !== null && !Array.isArray(old))
          (old as Record<string, unknown>)[keys[what % keys.length]!] = strange(where);
        else target[key] = { [keys[what % keys.length]!]: old };
    }
  }
  return root.value;
}

/** Every place in a value that holds another: its holder and key. */
function placesIn(root: object): readonly (readonly [object, string])[] {
  const places: (readonly [object, string])[] = [];
  const visit = (holder: object) => {
    for (const [key, child] of Object.entries(holder) as [string, unknown][]) {
      places.push([holder, key]);
      if (typeof child === 'object' && child !== null && places.length < 2000) visit(child);
    }
  };
  visit(root);
  return places;
}

const snippets = [
  'null',
  'true',
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '-',
  '1e999',
  '0',
  '.',
  'NaN',
  '\u0000',
  'é',
  '"__proto__":',
  '[[[[[[[[',
  '99999999999999999999',
].map((text) => Buffer.from(text));

/** Changes bytes: flips, cuts, inserts, repeats. */
export function mutateBytes(bytes: Uint8Array, changes: readonly Mutation[]): Buffer {
  let mutated = Buffer.from(bytes);
  for (const { kind, where, what } of changes) {
    const at = where % (mutated.length + 1);
    const [before, behind] = [mutated.subarray(0, at), mutated.subarray(at)];
    switch (kind % 6) {
      case 0:
      case 1:
        mutated = Buffer.from(mutated);
        if (at < mutated.length) mutated[at]! ^= 1 << (what % 8);
        break;
      case 2:
        mutated = before;
        break;
      case 3:
        mutated = Buffer.concat([before, snippets[what % snippets.length]!, behind]);
        break;
      case 4:
        mutated = Buffer.concat([before, behind.subarray(what % 9)]);
        break;
      default:
        mutated = Buffer.concat([before, behind.subarray(0, what % 64), behind]);
    }
  }
  return mutated;
}
