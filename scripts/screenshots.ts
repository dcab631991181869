// `npm run docs:screenshots`: the three parts of the page as docs/images/*.png, for the README and docs/explorer.md. Needs Chromium (CHROMIUM names one).
import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

import { buildApp } from '../src/app.ts';
import { loadConfig } from '../src/config/config.ts';

const shots = [
  { name: 'gallery', hash: '#gallery', scheme: 'light' },
  { name: 'neuron', hash: '#neuron?waveform=sine&amplitude=1.5&deviation=1.2&frequency=40&steps=1000', scheme: 'light' },
  { name: 'gradient', hash: '#gradient', scheme: 'light' },
] as const;

const folder = fileURLToPath(new URL('../docs/images/', import.meta.url));
await mkdir(folder, { recursive: true });

const app = await buildApp({ config: loadConfig({ COMPUTE_BACKEND: 'wasm' }) });
await app.listen({ host: '127.0.0.1', port: 0 });
const { port } = app.server.address() as AddressInfo;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  for (const { name, hash, scheme } of shots) {
    const page = await browser.newPage({ viewport: { width: 1200, height: 750 }, colorScheme: scheme });
    await page.goto(`http://127.0.0.1:${port}/${hash}`);
    const plot = page.locator('.plot').first();
    await plot.locator('svg:not(.overlay) path').first().waitFor({ state: 'attached' });
    // Drawn anew, so that the times shown are not those of the first job of its kind, nor of loading the page.
    for (let i = 0; i < 3; i++) {
      await page.waitForTimeout(500);
      await plot.press('Escape');
    }
    await page.waitForTimeout(500);
    await plot.blur();
    await page.screenshot({ path: `${folder}${name}.png` });
    await page.close();
  }
} finally {
  await browser.close();
  await app.close();
}
