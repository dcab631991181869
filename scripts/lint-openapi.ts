// Holds the OpenAPI document, without keys and with them, against Redocly's recommended rules and Spectral's rules for OpenAPI; prints what
// they find.
import { createConfig, lintFromString } from '@redocly/openapi-core';
import spectral from '@stoplight/spectral-core';
import parsers from '@stoplight/spectral-parsers';
import rulesets from '@stoplight/spectral-rulesets';
import { buildApp } from '../src/app.ts';
import { loadConfig } from '../src/config/config.ts';

const environments = { 'without keys': {}, 'with keys and limits': { API_KEYS: 'a-key-of-16-letters', RATE_LIMIT_MAX: '100' } };

async function openApiText(environment: Record<string, string>): Promise<string> {
  const app = await buildApp({ config: loadConfig({ COMPUTE_BACKEND: 'reference', COMPUTE_THREADS: '1', ...environment }) });
  try {
    await app.ready();
    return JSON.stringify(app.swagger());
  } finally {
    await app.close();
  }
}

/** What Redocly finds, one line each. */
async function redocly(source: string): Promise<string[]> {
  const config = await createConfig({ extends: ['recommended'] });
  const problems = await lintFromString({ source, absoluteRef: 'openapi.json', config });
  return problems.map(({ ruleId, message, location }) => `redocly ${ruleId} at ${location[0]?.pointer ?? '#/'}: ${message}`);
}

/** What Spectral finds, one line each. */
async function spectralFindings(source: string): Promise<string[]> {
  const linter = new spectral.Spectral();
  linter.setRuleset(new spectral.Ruleset({ extends: rulesets.oas }));
  const results = await linter.run(new spectral.Document(source, parsers.Json));
  return results.map(({ code, message, path }) => `spectral ${code} at ${path.join('/')}: ${message}`);
}

for (const [name, environment] of Object.entries(environments)) {
  const source = await openApiText(environment);
  for (const finding of [...(await redocly(source)), ...(await spectralFindings(source))]) {
    console.error(`${name}: ${finding}`);
    process.exitCode = 1;
  }
}
