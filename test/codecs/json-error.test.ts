import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { locateJsonError } from '../../src/codecs/json-error.ts';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('locateJsonError', () => {
  it.each([
    ['{"x": NaN}', 6, '"NaN"'],
    ['{"x": [1, 2,]}', 12, '"]"'],
    ['{"x": 1', 7, 'the end of the text'],
    ['{"x": 01}', 7, '"1"'],
    ["{'x': 1}", 1, '"\'"'],
    ['{"x": 1}}', 8, '"}"'],
    ['[1 2]', 3, '"2"'],
    ['{"x": -Infinity}', 6, '"-Infinity"'],
    ['{"a" 1}', 5, '"1"'],
    ['', 0, 'the end of the text'],
  ])('finds it in %s', (text, position, found) => {
    expect(locateJsonError(text)).toMatchObject({ position, found });
  });

  it('counts lines and columns', () => {
    expect(locateJsonError('{\n  "x": 1,\n  y: 2\n}')).toMatchObject({ line: 3, column: 3, found: '"y"' });
  });

  it('finds a place inside whatever is not JSON', () => {
    const broken = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '}', ']', ':', '"', 'x', '1', '-'))
      .map(([text, at, inserted]) => text.slice(0, at % (text.length + 1)) + inserted + text.slice((at % (text.length + 1)) + 1))
      .filter((text) => !isJson(text));
    fc.assert(
      fc.property(broken, (text) => {
        const { position } = locateJsonError(text);
        expect(position).toBeLessThanOrEqual(text.length);
      }),
    );
  });
});
