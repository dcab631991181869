import { describe, expect, it } from 'vitest';
import { jsonExcess } from '../../src/codecs/json-outline.ts';

const excess = (json: string) => jsonExcess(Buffer.from(json));

describe('jsonExcess', () => {
  it('counts what is open at a time', () => {
    expect(excess('['.repeat(100))).toBeUndefined();
    expect(excess('['.repeat(101))).toContain('more than 100 levels');
    expect(excess('{"a":'.repeat(101))).toContain('more than 100 levels');
    expect(excess(`[${'[],'.repeat(100_000)}0]`)).toBeUndefined();
  });

  it('counts objects and strings', () => {
    expect(excess(`[${'{},'.repeat(20_000)}0]`)).toBeUndefined();
    expect(excess(`[${'{},'.repeat(20_001)}0]`)).toContain('more than 20000 objects');
    expect(excess(`{${'"a":1,'.repeat(20_001)}}`)).toContain('more than 20000 objects');
  });

  it('does not look into strings', () => {
    expect(excess(`["${'['.repeat(1000)}", "\\"${'{'.repeat(1000)}"]`)).toBeUndefined();
    expect(excess(`"\\\\"${'['.repeat(1000)}`)).toContain('levels');
    expect(excess(`"${'['.repeat(1000)}`)).toBeUndefined();
  });
});
