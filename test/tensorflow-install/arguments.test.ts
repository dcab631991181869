import { describe, expect, it } from 'vitest';
import { readArguments } from '../../tools/tensorflow-install/arguments.mjs';

describe('the command line', () => {
  it('without arguments leaves the choice to the installer', () => {
    expect(readArguments([], {})).toEqual({ kind: 'any' });
  });

  it.each([
    [['--stock'], { kind: 'stock' }],
    [['--from', 'python'], { kind: 'python' }],
    [['--from', './python'], { kind: 'path', path: '/home/me/python' }],
    [['--from=/opt/tensorflow'], { kind: 'path', path: '/opt/tensorflow' }],
    [['--from', '../x.whl'], { kind: 'path', path: '/home/x.whl' }],
  ])('%j', (args, source) => {
    expect(readArguments(args, { INIT_CWD: '/home/me' })).toEqual(source);
  });

  it('takes TENSORFLOW_DIR for --from, which goes before it', () => {
    const environment = { TENSORFLOW_DIR: '/opt/a' };
    expect(readArguments([], environment)).toEqual({ kind: 'path', path: '/opt/a' });
    expect(readArguments(['--from', '/opt/b'], environment)).toEqual({ kind: 'path', path: '/opt/b' });
    expect(readArguments(['--stock'], environment)).toEqual({ kind: 'stock' });
  });

  it.each([['--help'], ['-h']])('%s asks for the usage', (word) => {
    expect(readArguments([word], {})).toBeUndefined();
  });

  it.each([
    [['--form', 'x'], {}, /Unknown option '--form'[^]*npm run tensorflow:install/],
    [['--from'], {}, /argument missing/],
    [['x.whl'], {}, /Unexpected argument 'x.whl'/],
    [['--stock', '--from', 'x'], {}, /exclude each other/],
    [['--from='], {}, /^--from is empty/],
    [[], { TENSORFLOW_DIR: '' }, /^TENSORFLOW_DIR is empty/],
  ])('refuses %j with %j', (args, environment, message) => {
    expect(() => readArguments(args, environment)).toThrow(message);
  });
});
