import { expect, it } from 'vitest';
import { problemTypes } from '../../src/errors/problems.ts';

/** docs/errors.md, as the catalogue has it. */
function document(): string {
  const sections = Object.entries(problemTypes).map(
    ([code, { status, title, description }]) => `## ${code}\n\n${status}: ${title}.\n\n${description}\n`,
  );
  return [
    '# Errors',
    '',
    'Every failure is answered as `application/problem+json` (RFC 9457). `code` is stable; programs should look at it and at nothing else. `type`',
    'leads to the explanation below, which `GET /problems/{code}` also gives. `detail` says what was wrong this time, and `errors`, for bad input, lists every',
    'place as a JSON pointer with what would be right there. `request_id` finds the request in the log.',
    '',
    '```json',
    '{',
    '  "type": "/problems/invalid_request",',
    '  "title": "The request is not valid",',
    '  "status": 400,',
    '  "detail": "/neuron/tau/1: must be above 0, got 0",',
    '  "instance": "/lif/grad",',
    '  "code": "invalid_request",',
    '  "request_id": "e038b176-c",',
    '  "errors": [{ "path": "/neuron/tau/1", "message": "must be above 0, got 0" }]',
    '}',
    '```',
    '',
    ...sections,
  ].join('\n');
}

// `npx vitest run test/errors --update` writes the file again.
it('docs/errors.md documents every problem as the catalogue has it', async () => {
  await expect(document()).toMatchFileSnapshot('../../docs/errors.md');
});
