import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bestAccepted, chooseEncoding } from '../../src/plugins/negotiation.ts';

describe('bestAccepted', () => {
  const offered = ['application/json', 'application/octet-stream', 'application/x-npy'];
  it.each([
    [undefined, 'application/json'],
    ['*/*', 'application/json'],
    ['application/*', 'application/json'],
    ['application/x-npy', 'application/x-npy'],
    ['Application/Octet-Stream', 'application/octet-stream'],
    ['application/json;q=0.5, application/x-npy;q=0.8', 'application/x-npy'],
    ['application/json;q=0, */*', 'application/octet-stream'],
    ['application/*;q=0.5, */*, application/x-npy;version=1;q=0.6', 'application/x-npy'],
    ['text/html, */*;q=0.1', 'application/json'],
    ['text/html', undefined],
    ['application/json;q=0', undefined],
    ['application/json;q=x', undefined],
    ['', undefined],
    [`text/html, ${'x/y, '.repeat(300)}`, 'application/json'],
  ])('of %s is %s', (header, type) => {
    expect(bestAccepted(header, offered)).toBe(type);
  });
});

describe('chooseEncoding', () => {
  it.each([
    // header, where compressing is allowed, where it has to be asked for
    [undefined, 'identity', 'identity'],
    ['', 'identity', 'identity'],
    ['gzip', 'gzip', 'gzip'],
    ['x-gzip', 'gzip', 'gzip'],
    ['BR', 'br', 'br'],
    ['gzip;q=0.5', 'gzip', 'gzip'],
    ['gzip, deflate, br', 'gzip', 'identity'],
    ['gzip, deflate', 'gzip', 'identity'],
    ['gzip, deflate, br, zstd', 'gzip', 'identity'],
    ['br;q=1.0, gzip;q=0.8', 'br', 'identity'],
    ['br;q=0.8 , gzip;q=0.8', 'gzip', 'identity'],
    ['*', 'gzip', 'identity'],
    ['gzip;q=0, *', 'br', 'identity'],
    ['gzip, identity;q=0.5', 'gzip', 'gzip'],
    ['gzip, br, identity;q=0.5', 'gzip', 'gzip'],
    ['gzip, br, *;q=0', 'gzip', 'gzip'],
    ['gzip, br, identity;q=0', 'gzip', 'gzip'],
    ['gzip, identity', 'gzip', 'identity'],
    ['gzip;q=0.5, identity', 'identity', 'identity'],
    ['identity', 'identity', 'identity'],
    ['deflate', 'identity', 'identity'],
    ['zstd, deflate', 'identity', 'identity'],
    ['gzip;q=0', 'identity', 'identity'],
    ['identity;q=0, *', 'gzip', 'gzip'],
    ['identity;q=0', null, null],
    ['*;q=0', null, null],
    ['*;q=0, identity', 'identity', 'identity'],
    ['identity;q=0, deflate', null, null],
    ['gzip;q=abc', 'identity', 'identity'],
    ['gzip;q=2, br', 'br', 'br'],
    ['gzip;q=-1', 'identity', 'identity'],
    ['gzip;q', 'identity', 'identity'],
    ['gzip;q=', 'identity', 'identity'],
    ['gzip;q=0.1234', 'identity', 'identity'],
    [', ,gzip,', 'gzip', 'gzip'],
  ])('of %s is %s where allowed, %s where asked for', (header, allowed, asked) => {
    expect(chooseEncoding(header, 'allowed')).toBe(allowed);
    expect(chooseEncoding(header, 'asked')).toBe(asked);
  });

  it('takes any header, and never a coding that is not in it', () => {
    const words = fc.constantFrom('gzip', 'br', 'identity', 'deflate', '*', ';q=0', ';q=1', ';q=0.5', ';q=x', ',', ' ', ';', '=');
    fc.assert(
      fc.property(
        fc.array(words, { maxLength: 12 }).map((texts) => texts.join('')),
        fc.constantFrom('allowed', 'asked'),
        (header, when) => {
          const coding = chooseEncoding(header, when);
          if (coding === 'gzip' || coding === 'br') expect(header.includes(coding) || header.includes('*')).toBe(true);
        },
      ),
    );
  });
});
