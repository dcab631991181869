// `npm run docs:screenshots`: the page as docs/images/*.png, for the README and docs/explorer.md. Needs Chromium (CHROMIUM names one).
import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

import { chromium, type BrowserContextOptions, type Page } from 'playwright-core';

import { buildApp } from '../src/app.ts';
import { loadConfig } from '../src/config/config.ts';

interface Shot {
  readonly name: string;
  readonly hash: string;
  readonly context: BrowserContextOptions;
  readonly prepare?: (page: Page) => Promise<void>;
}

const laptop = { width: 1280, height: 720 } as const;

const shots: readonly Shot[] = [
  {
    name: 'gallery',
    hash: '#gallery',
    context: { viewport: laptop, colorScheme: 'light' },
    // The values at one x stand in the legend.
    prepare: async (page) => {
      const { x, y, width, height } = (await page.locator('.plot').boundingBox())!;
      await page.mouse.move(x + 0.72 * width, y + height / 2);
    },
  },
  {
    name: 'neuron',
    hash: '#neuron?waveform=sine&amplitude=1.5&deviation=1.2&frequency=40&steps=1000',
    context: { viewport: { width: 1280, height: 760 }, colorScheme: 'dark' },
  },
  { name: 'gradient', hash: '#gradient', context: { viewport: laptop, colorScheme: 'light' } },
  {
    name: 'network',
    hash: '#network',
    context: { viewport: { width: 1280, height: 760 }, colorScheme: 'light' },
    prepare: async (page) => {
      const button = (name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();
      await button('Start');
      await page.locator('.summary', { hasText: /^Step 3\d\d:/ }).waitFor({ timeout: 120_000 });
      await button('Pause');
      await page.locator('.run', { hasText: 'Paused' }).waitFor();
    },
  },
  {
    name: 'presentation',
    hash: '#gallery?compare=sigmoid(alpha:1);sigmoid(alpha:2);sigmoid(alpha:4);sigmoid(alpha:8)&x=-3,3',
    context: { viewport: laptop, colorScheme: 'dark' },
    prepare: (page) => page.getByRole('button', { name: 'Present' }).click(),
  },
  {
    name: 'phone',
    hash: '#gallery',
    context: { viewport: { width: 390, height: 844 }, colorScheme: 'light', hasTouch: true, isMobile: true },
  },
];

const folder = fileURLToPath(new URL('../docs/images/', import.meta.url));
await mkdir(folder, { recursive: true });

const app = await buildApp({ config: loadConfig({ COMPUTE_BACKEND: 'wasm' }) });
await app.listen({ host: '127.0.0.1', port: 0 });
const { port } = app.server.address() as AddressInfo;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  for (const { name, hash, context, prepare } of shots) {
    const page = await browser.newPage(context);
    await page.goto(`http://127.0.0.1:${port}/${hash}`);
    const plot = page.locator('.plot').first();
    await plot.locator('svg:not(.overlay) path').first().waitFor({ state: 'attached' });
    // Asked for anew, so that the times shown are not those of the first job of its kind, nor of loading the page.
    for (let i = 0; i < 3; i++) {
      await page.waitForTimeout(500);
      await page.evaluate('dispatchEvent(new HashChangeEvent("hashchange"))');
    }
    await page.waitForTimeout(1500);
    await prepare?.(page);
    await page.waitForTimeout(300);
    await page.screenshot({ path: `${folder}${name}.png` });
    await page.close();
  }
} finally {
  await browser.close();
  await app.close();
}
