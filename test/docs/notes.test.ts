import { expect, it } from 'vitest';
import { noteTypes } from '../../src/schemas/note-types.ts';

/** docs/notes.md, as the catalogue has it. */
function document(): string {
  const rows = Object.entries(noteTypes).map(([code, { cause, remedy }]) => `| \`${code}\` | ${cause} | ${remedy} |`);
  return [
    '# Notes',
    '',
    'A request is computed exactly as it is written. If that is almost certainly not what was meant, the answer says so in `meta.notes`, which is left out otherwise:',
    '',
    '```json',
    '"notes": [',
    '  {',
    '    "code": "long_step",',
    '    "message": "a step of 1 ms is longer than the time constant of tau, 0.8 ms; tau is in ms",',
    '    "path": "/neuron/tau"',
    '  }',
    ']',
    '```',
    '',
    '`code` is stable. `path` is the JSON pointer of the field of the request to look at, whether the request has it or leaves it to its default. Nothing is refused because of a note, and no number changes.',
    '',
    '| code | cause | remedy |',
    '|---|---|---|',
    ...rows,
    '',
    'JSON and framed bytes have notes in `meta`, `/v2` among the `parameters` of the answer, as JSON in a string. An npy file is an array and has none: ask for JSON where numbers look wrong. A dry run has',
    'those that need no result, and the metric `surrogate_notes_total` counts all by code. Only the first 65536 neurons of a request are looked at where a note is about single neurons; gradients are looked at whole.',
    '',
  ].join('\n');
}

// `npx vitest run test/docs/notes.test.ts --update` writes the file again.
it('docs/notes.md lists every note, with its cause and remedy', async () => {
  await expect(document()).toMatchFileSnapshot('../../docs/notes.md');
});
