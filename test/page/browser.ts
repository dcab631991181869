import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { expect } from 'vitest';

const places = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The Chromium of this machine, or nothing, which a line says then. `CHROMIUM` names another. */
export const executablePath = places.find((place) => place !== undefined && existsSync(place));
if (executablePath === undefined)
  console.warn("SKIPPED: there is no Chromium (Debian's package chromium, or CHROMIUM), so the page was not tried in a browser.");

/** A browser without a window. */
export async function launch(): Promise<Browser> {
  // Root may not have Chromium's sandbox, and the pages are ours.
  return chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'] });
}

/** The page in a window of its own, and what the browser had to say about it. */
export class Explorer {
  readonly page: Page;
  /** Messages on the console, errors, and requests to elsewhere; a good page has none. */
  readonly complaints: string[] = [];

  readonly #url: string;

  private constructor(page: Page, url: string) {
    this.page = page;
    this.#url = url;
    page.on('console', (message) => this.complaints.push(message.text()));
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith(url) && !/^(blob|data):/.test(request.url())) this.complaints.push(`asked for ${request.url()}`);
    });
  }

  static async open(context: BrowserContext, url: string): Promise<Explorer> {
    return new Explorer(await context.newPage(), url);
  }

  /** Loads the page anew, as someone who follows a link. */
  async follow(hash: string): Promise<void> {
    // With another # alone, a browser would not load anything.
    if (this.page.url().startsWith(this.#url)) {
      await this.page.evaluate(`history.replaceState(null, '', ${JSON.stringify(`/${hash}`)})`);
      await this.page.reload();
    } else {
      await this.page.goto(`${this.#url}/${hash}`);
    }
    await this.drawn();
  }

  /** Waits until every picture is the one of what is set. */
  async drawn(): Promise<void> {
    await this.page.locator('figure .plot > svg:not(.overlay) path').first().waitFor({ state: 'attached' });
    await expect.poll(() => this.page.locator('figure[aria-busy]').count()).toBe(0);
  }

  /** What the legend of the first picture names. */
  async curves(): Promise<string[]> {
    return this.page.locator('figure').first().locator('.legend .label').allTextContents();
  }

  /** The words in the first picture. */
  async words(): Promise<string[]> {
    return this.page.locator('figure').first().locator('.plot > svg:not(.overlay) text').allTextContents();
  }

  /** What a button saves. */
  async save(button: string, figure = 0): Promise<{ name: string; bytes: Buffer }> {
    const saved = this.page.waitForEvent('download');
    await this.page.locator('figure').nth(figure).getByRole('button', { name: button }).click();
    const download = await saved;
    return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
  }

  /** The numbers of a picture, column by column. */
  async columns(figure = 0): Promise<Map<string, number[]>> {
    const { bytes } = await this.save('Save as CSV', figure);
    const [header, ...rows] = bytes
      .toString()
      .trimEnd()
      .split('\r\n')
      .map((line) => [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(([, field]) => field!.replace(/^"|"$/g, '')));
    return new Map(header!.filter(Boolean).map((name, column) => [name, rows.map((row) => Number(row[column]))]));
  }
}
