import { describe, expect, it, vi } from 'vitest';
import { jsonExcess } from '../../src/codecs/json-budget.ts';

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

  it('counts arrays and values', () => {
    expect(excess(`[${'[],'.repeat(200_000)}0]`)).toBeUndefined();
    for (const unit of ['[],', '[0],', '[0,0],', '[[]],', '0,', 'null,', '1e999,']) {
      expect(excess(`[${unit.repeat(600_000)}0]`), unit).toContain('more than 500000 values');
    }
  });

  it('takes no time for each quote in a string', () => {
    const text = Buffer.from(`"${'\\"'.repeat(1_000_000)}"`);
    const indexOf = vi.spyOn(text, 'indexOf');
    expect(jsonExcess(text)).toBeUndefined();
    expect(indexOf.mock.calls.length).toBeLessThan(10);
  });

  it('does not look into strings', () => {
    expect(excess(`["${'['.repeat(1000)}", "\\"${'{'.repeat(1000)}"]`)).toBeUndefined();
    expect(excess(`"\\\\"${'['.repeat(1000)}`)).toContain('levels');
    expect(excess(`"${'['.repeat(1000)}`)).toBeUndefined();
  });
});
