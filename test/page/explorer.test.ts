import { execFile, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { readFileSync } from 'node:fs';
import type { AxeResults } from 'axe-core';
import type { Browser, BrowserContext, BrowserContextOptions } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { catalogue } from '../../src/compute/surrogates/catalogue.ts';
import { Service } from '../http/service.ts';
import { tutorialFigures } from '../../page/tutorial-figures.ts';
import { oneIn } from '../thorough.ts';
import { executablePath, Explorer, launch } from './browser.ts';

describe.skipIf(executablePath === undefined)('the page in Chromium', () => {
  let service: Service;
  let browser: Browser;
  let explorer: Explorer;
  const contextOf = (options: BrowserContextOptions): Promise<BrowserContext> =>
    browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });

  beforeAll(async () => {
    [service, browser] = await Promise.all([Service.start(), launch()]);
    explorer = await Explorer.open(await contextOf({ permissions: ['clipboard-read', 'clipboard-write'] }), service.url);
  });
  afterAll(async () => {
    await browser.close();
    await service.stop();
  });
  // After each test, whatever it was about.
  afterEach(() => {
    expect(explorer.complaints.splice(0)).toEqual([]);
  });

  describe('the gallery', () => {
    it('has every surrogate as a small picture, and the curves that the API gives for those picked', async () => {
      await explorer.follow('');
      await expect.poll(() => explorer.page.locator('.card .small svg').count()).toBe(catalogue.size);
      const columns = await explorer.columns();
      const surrogate = [
        'sigmoid',
        'piecewise_quadratic',
        'relu_grad',
        'gaussian_grad',
        { name: 'erf', alpha: 2 },
        { name: 'arctan', alpha: 3 },
      ];
      const body = { x: { linspace: [-2, 2, 801] }, surrogate };
      const [evaluated, differentiated] = await Promise.all([
        service.post<{ results: { value: number[]; spike: number[] }[] }>('/surrogate/eval', body),
        service.post<{ results: { grad: number[] }[] }>('/surrogate/grad', body),
      ]);
      expect(columns.get('step')).toEqual(evaluated.body.results[0]!.spike);
      expect([...columns.keys()].slice(2, 4)).toEqual(['sigmoid (alpha 4) value', 'sigmoid (alpha 4) gradient']);
      expect(columns.get('sigmoid (alpha 4) gradient')![400]).toBe(1);
      const values = [...columns].filter(([name]) => name.endsWith(' value')).map(([, column]) => column);
      const grads = [...columns].filter(([name]) => name.endsWith(' gradient')).map(([, column]) => column);
      expect(values).toEqual(evaluated.body.results.map(({ value }) => value));
      expect(grads).toEqual(differentiated.body.results.map(({ grad }) => grad));
      // Two panels: the step and six values, its derivative and six gradients.
      await expect.poll(() => explorer.page.locator('figure .plot > svg:not(.overlay) g[clip-path] path').count()).toBe(14);
      expect(await explorer.page.locator('figure > .status').textContent()).toMatch(
        /^wasm on cpu, float32: [\d.]+ ms in the service.*; 2 requests, answered in \d+ ms$/,
      );
    });

    it('answers a slider, and its link opens the same picture', async () => {
      await explorer.follow('#gallery?compare=sigmoid&x=-1,1');
      const slider = explorer.page.getByRole('slider', { name: 'alpha, slider' });
      const seen = new Set<string>();
      for (const place of [120, 140, 160]) {
        await slider.fill(String(place));
        const alpha = await explorer.page.getByRole('textbox', { name: 'alpha' }).inputValue();
        seen.add(alpha);
        await expect.poll(() => explorer.curves()).toContain(`sigmoid (alpha ${alpha})`);
        expect(explorer.page.url()).toContain(`compare=sigmoid(alpha:${alpha})&x=-1,1`);
      }
      expect(seen.size).toBe(3);
      const before = await explorer.columns();
      await explorer.follow(new URL(explorer.page.url()).hash);
      expect(await explorer.columns()).toEqual(before);
    });

    it('opens a link that spells a surrogate otherwise, as requests may, and names what it does not know', async () => {
      await explorer.follow('#gallery?compare=Sigmoid(alpha:2);ATan(alpa:3);sigmod&x=1,0&layout=round&colour=red');
      await expect.poll(() => explorer.curves()).toEqual(expect.arrayContaining(['sigmoid (alpha 2)', 'spikingjelly.ATan (alpha 2)']));
      const notice = explorer.page.locator('.notice');
      expect(await notice.locator('li').allTextContents()).toEqual([
        'x must be two numbers, the smaller one first, such as x=-1,1; it is "1,0"',
        'spikingjelly.ATan has no parameter "alpa"; did you mean "alpha"?',
        '"sigmod" is not a surrogate; did you mean "sigmoid"?',
        'layout must be one of together, grid; it is "round"',
        expect.stringMatching(/^"colour" is not a setting here; there are "x", "compare"/),
      ]);
      await notice.getByRole('button', { name: 'Close' }).click();
      expect(await notice.isVisible()).toBe(false);
      await explorer.follow('#galery');
      expect(await notice.textContent()).toContain('"galery" is not a part of this page; did you mean "gallery"?');
      await explorer.follow('#gallery');
      expect(await notice.isVisible()).toBe(false);
    });

    it('reads each value in the legend, where nothing moves, and shows and hides curves there', async () => {
      await explorer.follow('#gallery?compare=sigmoid;erf;arctan;relu_grad;gaussian_grad&x=-1,1&points=201');
      const { page } = explorer;
      const tools = page.locator('.tools');
      const before = await tools.boundingBox();
      const box = (await page.locator('.plot').boundingBox())!;
      await page.mouse.move(box.x + box.width * 0.7, box.y + box.height / 2);
      const [at] = /−?[\d.]+/.exec((await page.locator('.readout').textContent())!)!;
      const columns = await explorer.columns();
      const i = columns.get('x')!.findIndex((x) => Math.abs(x - Number(at.replace('−', '-'))) < 1e-6);
      const values = ['sigmoid (alpha 4) value', 'sigmoid (alpha 4) gradient'].map((name) => Number(columns.get(name)![i]!.toPrecision(4)));
      await page.mouse.move(box.x + box.width * 0.7, box.y + box.height / 2);
      expect(await page.locator('.legend li', { hasText: 'sigmoid' }).locator('.values').textContent()).toBe(values.join(' · '));
      expect(await tools.boundingBox()).toEqual(before);

      // A picture that is drawn anew under the pointer is read there.
      await page.evaluate(
        '{ const [slider] = document.querySelectorAll(".picked input[type=range]"); slider.value = 150; slider.dispatchEvent(new Event("input")); }',
      );
      const sigmoid = page.locator('.legend li', { hasText: 'sigmoid' }).locator('.values');
      await expect.poll(() => sigmoid.textContent()).toMatch(/^0\.[\d.]+ · [\d.]+$/);
      await expect.poll(() => sigmoid.textContent()).not.toBe(values.join(' · '));

      const lines = page.locator('figure .plot > svg:not(.overlay) g[clip-path] path');
      const erf = page.locator('.legend').getByRole('button', { name: 'erf' });
      await erf.hover();
      // All but the two of erf step back.
      await expect.poll(() => lines.and(page.locator('[stroke-opacity]')).count()).toBe(10);
      await erf.click();
      expect(await erf.getAttribute('aria-pressed')).toBe('false');
      expect(await lines.count()).toBe(10);
      await erf.click();
      expect(await lines.count()).toBe(12);
      // The fifth has dashes, in the legend and in the picker.
      for (const swatch of ['.legend', '.picked'])
        expect(await page.locator(`${swatch} .swatch path[stroke-dasharray].series-4`).count(), swatch).toBe(1);
    });

    it('keeps the shape of the others beside a curve that is far taller', async () => {
      await explorer.follow('#gallery?compare=sigmoid;erf;leaky_relu(beta:50)');
      await expect
        .poll(() => explorer.page.locator('.cut').textContent())
        .toMatch(/^leaky_relu \(alpha 0\.1, beta 50\) goes beyond the axes/);
      expect(await explorer.words()).not.toContain('40');
      await explorer.page.getByRole('button', { name: 'Show all of it' }).click();
      await expect.poll(() => explorer.words()).toContain('40');
      expect(explorer.page.url()).toContain('whole=true');
      expect(await explorer.page.locator('.cut').isVisible()).toBe(false);
    });

    it('draws each small picture where its gradient changes', async () => {
      await explorer.follow('');
      const scale = (name: string): Promise<string | null> =>
        explorer.page.getByRole('article', { name, exact: true }).locator('.scale').textContent();
      await expect.poll(() => scale('norse.superspike')).toBe('x from −0.1 to 0.1, σ′ up to 1');
      expect(await scale('spyx.tanh')).toBe('x from −2 to 2, σ′ up to 1');
    });

    it('is picked by ticking, filtered by words, and says so when nothing is left', async () => {
      await explorer.follow('#gallery?compare=sigmoid');
      await explorer.page.getByRole('searchbox').fill('snntorch escape');
      await expect.poll(() => explorer.page.locator('.card:visible').count()).toBe(1);
      await explorer.page.getByRole('checkbox', { name: 'snntorch.spike_rate_escape' }).check();
      await expect.poll(() => explorer.curves()).toContain('snntorch.spike_rate_escape (beta 1, slope 25)');
      await explorer.page.getByRole('searchbox').fill('no such thing');
      await expect.poll(() => explorer.page.locator('.gallery .status').textContent()).toContain('No surrogate has "no such thing"');
      for (const name of ['Remove sigmoid', 'Remove snntorch.spike_rate_escape']) await explorer.page.getByRole('button', { name }).click();
      await expect.poll(() => explorer.page.locator('.summary').textContent()).toContain('The derivative of a spike is 0');
      await expect.poll(() => explorer.words()).toEqual(expect.arrayContaining(['The spike H(x)', 'Its derivative H′(x)']));
      expect([...(await explorer.columns()).keys()]).toEqual(['x', 'step']);
    });

    it('shows formulas, parameters, aliases and papers', async () => {
      await explorer.follow('');
      const card = explorer.page.getByRole('article', { name: 'erf', exact: true });
      await card.getByText('Formula, parameters, sources').click();
      await expect.poll(() => card.locator('math').count()).toBe(2);
      expect(await card.locator('.formula').allTextContents()).toEqual([
        expect.stringMatching(/^σ′\(x\) =/),
        expect.stringMatching(/^σ\(x\) =/),
      ]);
      await expect.poll(() => explorer.page.evaluate('document.fonts.check("16px \'Page Math\'", "σ𝛼√")')).toBe(true);
      expect(await explorer.page.evaluate('getComputedStyle(document.querySelector(".card math")).fontFamily')).toMatch(/^"Page Math"/);
      const text = (await card.textContent())!;
      const { aliases, references, parameters } = catalogue.get('erf')!;
      for (const { library, name } of aliases) expect(text).toContain(`${library}: ${name}`);
      for (const reference of references) expect(text).toContain(reference);
      for (const name of Object.keys(parameters)) expect(text).toContain(`${name}1`);
      for (const { meaning } of Object.values(parameters)) expect(text).toContain(meaning);
    });

    it('is read and zoomed by keys and by the pointer', async () => {
      await explorer.follow('#gallery?compare=sigmoid');
      const plot = explorer.page.locator('.plot');
      await plot.focus();
      await plot.press('ArrowRight');
      expect(await explorer.page.locator('[aria-live]').textContent()).toMatch(
        /^x = 0\.04: H\(x\), the spike σ\(x\) 1; sigmoid \(alpha 4\) σ\(x\) 0\.5399, σ′\(x\) 0\.9936; H′\(x\) = 0 σ′\(x\) 0$/,
      );
      await plot.press('+');
      await expect.poll(() => explorer.page.url()).toMatch(/x=-0\.98,1\.02$/);
      await plot.press('Escape');
      await expect.poll(() => explorer.page.url()).toMatch(/x=-2,2$/);
      await explorer.drawn();

      const box = (await plot.boundingBox())!;
      const [left, right, middle] = [box.x + box.width * 0.2, box.x + box.width * 0.3, box.y + box.height / 2];
      await explorer.page.mouse.move(left, middle);
      expect(await explorer.page.locator('.readout').textContent()).toMatch(/^x = −[\d.]+ — in the legend: σ\(x\) · σ′\(x\)$/);
      await explorer.page.mouse.down();
      await explorer.page.mouse.move(right, middle, { steps: 4 });
      await explorer.page.mouse.up();
      await expect.poll(() => explorer.page.url()).toMatch(/x=-0\.\d+,0\.\d+$/);
    });
  });

  describe('a neuron', () => {
    it("is the tutorial's: four spikes, at the right times", async () => {
      await explorer.follow('#neuron');
      await expect
        .poll(() => explorer.page.locator('figure .summary').first().textContent())
        .toBe('4 spikes, 80 Hz; at 10.9, 21.9, 32.9, 43.9 ms');
      const columns = await explorer.columns();
      expect(columns.get('spike')!.flatMap((spike, step) => (spike === 1 ? [step] : []))).toEqual([109, 219, 329, 439]);
      const { body } = await service.post<{ v: number[][] }>('/lif/simulate', { current: 1.5, steps: 500, record: ['v'] });
      expect(columns.get('v')).toEqual(body.v[0]);
      expect(await explorer.page.locator('figure').first().locator('g[clip-path] circle').count()).toBe(4);

      const population = await explorer.columns(1);
      const many = await service.post<{ firing_rates: number[] }>('/lif/simulate', { current: { linspace: [0.5, 5, 60] }, steps: 500 });
      expect(population.get('firing rate (Hz)')).toEqual(many.body.firing_rates);
      // As in the tutorial, outputs are counts.
      const words = (): Promise<string[]> =>
        explorer.page.locator('figure').nth(1).locator('.plot > svg:not(.overlay) text').allTextContents();
      expect(await words()).toEqual(expect.arrayContaining(['Spike count', 'spikes']));
      await explorer.page.getByLabel('Output').selectOption('rate');
      await expect.poll(words).toContain('firing rate (Hz)');
    });

    it('has a raster that is read row by row, and zooms together with the neuron above', async () => {
      await explorer.follow('#neuron?to=2&neurons=4');
      const { page } = explorer;
      const plot = page.locator('.plot').nth(1);
      await plot.focus();
      for (const key of ['ArrowUp', 'ArrowUp', 'ArrowUp']) await plot.press(key);
      const { body } = await service.post<{ spike_times: number[][] }>('/lif/simulate', {
        current: 2,
        steps: 500,
        record: ['spike_times'],
      });
      const [times] = body.spike_times;
      expect(await page.locator('.readout').nth(1).textContent()).toBe(
        `t = 25 ms — current I = 2: ${times!.length} spikes, at ${times!.slice(0, 6).join(', ')}${times!.length > 6 ? ', …' : ''}`,
      );
      const box = (await plot.boundingBox())!;
      await page.mouse.move(box.x + box.width * 0.2, box.y + box.height / 2);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.3, box.y + box.height / 2, { steps: 3 });
      await page.mouse.up();
      await expect.poll(() => page.url()).toMatch(/t=\d+(\.\d+)?,\d+(\.\d+)?$/);
      await explorer.drawn();
      const [low, high] = /t=([\d.,]+)/.exec(page.url())![1]!.split(',').map(Number);
      expect(high! - low!).toBeLessThan(20);
      const drawings = page.locator('figure .plot > svg:not(.overlay)');
      expect(await drawings.first().getAttribute('aria-label')).toContain(`from ${low!} to ${high!} ms`);
    });

    it('finds currents for a model that has other units', async () => {
      await explorer.follow('#neuron?model=adex&steps=1000');
      const summary = explorer.page.locator('.summary').first();
      expect(await summary.textContent()).toMatch(/^0 spikes, 0 Hz/);
      await summary.getByRole('button', { name: 'Find a current' }).click();
      await expect.poll(() => summary.textContent()).toMatch(/^[1-9]\d* spikes/);
      expect(explorer.page.url()).toMatch(/amplitude=[125]0+/);
    });

    it('takes currents of each waveform, and a link gives the same noise again', async () => {
      await explorer.follow('#neuron');
      const seen = new Set<string>();
      for (const waveform of ['step', 'ramp', 'sine', 'noise']) {
        await explorer.page.getByLabel('Waveform').selectOption(waveform);
        expect(explorer.page.url()).toContain(`waveform=${waveform}`);
        await expect
          .poll(async () => {
            const current = (await explorer.columns()).get('current')!;
            return new Set(current).size > 1 && !seen.has(current.join());
          })
          .toBe(true);
        seen.add((await explorer.columns()).get('current')!.join());
      }
      const before = await explorer.columns();
      await explorer.follow(new URL(explorer.page.url()).hash);
      expect(await explorer.columns()).toEqual(before);
    });

    it('keeps what is typed wrong, says what would be right, and keeps the picture', async () => {
      await explorer.follow('#neuron');
      const tau = explorer.page.getByRole('textbox', { name: 'tau (ms)' });
      await tau.fill('20');
      await expect.poll(() => explorer.page.locator('.summary').first().textContent()).toMatch(/^2 spikes/);
      await tau.fill('20 ms');
      expect(await explorer.page.locator('.problem:visible').allTextContents()).toEqual([
        'tau must be a number from 0.000001 to 1000000, not "20 ms"',
      ]);
      expect(await tau.getAttribute('aria-invalid')).toBe('true');
      expect(await tau.inputValue()).toBe('20 ms');
      expect(explorer.page.url()).toContain('tau=20');
      expect(await explorer.page.locator('.summary').first().textContent()).toMatch(/^2 spikes/);
      await tau.fill('10');
      await expect.poll(() => explorer.page.locator('.summary').first().textContent()).toMatch(/^4 spikes/);
      expect(await explorer.page.locator('.problem:visible').count()).toBe(0);
    });

    it('says so when a link has a wrong number', async () => {
      await explorer.page.goto('about:blank');
      await explorer.page.goto(`${service.url}/#neuron?tau=ten`);
      await expect
        .poll(() => explorer.page.locator('.status').first().textContent())
        .toBe('There is no picture until these settings are right.');
      const problem = 'tau must be a number from 0.000001 to 1000000, not "ten"';
      expect(await explorer.page.locator('.problem:visible').allTextContents()).toEqual([problem]);
      expect(await explorer.page.locator('.readout:visible').count()).toBe(0);
      // The field may be out of sight.
      const alert = explorer.page.getByRole('alert').first();
      expect(await alert.textContent()).toContain(problem);
      await alert.getByRole('button', { name: 'Go to the field' }).click();
      const tau = explorer.page.getByRole('textbox', { name: 'tau (ms)' });
      expect(await explorer.page.evaluate('document.activeElement.value')).toBe('ten');
      await tau.fill('10');
      await expect.poll(() => explorer.page.locator('.summary').first().textContent()).toMatch(/^4 spikes/);
    });

    it("shows the service's own words for what it refuses, beside the last good picture", async () => {
      await explorer.follow('#neuron?reset=none&tau=1');
      await explorer.page.getByRole('textbox', { name: 'dt (ms)' }).fill('30');
      const alert = explorer.page.getByRole('alert').first();
      await expect.poll(() => alert.textContent()).toContain('The result leaves the range of its numbers');
      expect(await explorer.page.locator('figure').first().locator('.plot > svg:not(.overlay)').count()).toBe(1);
      explorer.complaints.splice(0);
      await explorer.page.getByRole('textbox', { name: 'dt (ms)' }).fill('0.1');
      await expect.poll(() => alert.isVisible()).toBe(false);
    });

    it('says when the service is gone, and tries again', async () => {
      await explorer.follow('#neuron');
      await explorer.page.route('**/lif/simulate', (route) => route.abort());
      await explorer.page.getByRole('textbox', { name: 'v_threshold' }).fill('0.5');
      const alert = explorer.page.getByRole('alert').first();
      await expect.poll(() => alert.textContent()).toContain('The service cannot be reached');
      await explorer.page.unroute('**/lif/simulate');
      explorer.complaints.splice(0);
      await alert.getByRole('button', { name: 'Try again' }).click();
      await expect.poll(() => alert.isVisible()).toBe(false);
    });
  });

  describe('the model of a neuron', () => {
    it('is chosen from the catalogue, and its link and request have its parameters', async () => {
      await explorer.follow('#neuron');
      await explorer.page.getByLabel('Model', { exact: true }).selectOption('snntorch.Leaky');
      const beta = explorer.page.getByRole('textbox', { name: 'beta', exact: true });
      await beta.fill('0.5');
      await expect.poll(() => explorer.page.url()).toContain('model=snntorch.Leaky&neuron.beta=0.5');
      const { body } = await service.post<{ v: number[][] }>('/lif/simulate', {
        current: 1.5,
        steps: 500,
        neuron: { model: 'snntorch.Leaky', beta: 0.5 },
        record: ['v'],
      });
      await expect.poll(async () => (await explorer.columns()).get('v')).toEqual(body.v[0]);
      await explorer.page.getByText('Request', { exact: true }).first().click();
      expect((await explorer.page.locator('.requests pre').allTextContents()).join()).toContain(
        '"neuron":{"model":"snntorch.Leaky","beta":0.5}',
      );
      await explorer.follow(new URL(explorer.page.url()).hash);
      expect(await beta.inputValue()).toBe('0.5');
    });

    it('has a field for every parameter and option, of the plain neuron too', async () => {
      const { body } = await service.request<{ neurons: { name: string; parameters: object; options: object }[] }>('/neurons');
      for (const { name, parameters, options } of body.neurons.filter((one) => ['lif', 'general', 'norse.LSNN'].includes(one.name))) {
        await explorer.follow(`#neuron?model=${name}`);
        const labels = await explorer.page.locator('fieldset', { hasText: 'Model' }).locator('.field label').allTextContents();
        // The Gradient part has a control of its own for the backward pass.
        const expected = [...Object.keys(parameters), ...Object.keys(options)].filter(
          (one) => one !== 'detach_reset' || name.includes('.'),
        );
        expect(labels.map((label) => label.replace(/ \(.*/, '')).sort()).toEqual([...expected, 'Model'].sort());
      }
      expect(await explorer.page.locator('fieldset math').count()).toBeGreaterThan(2);
    });

    it('without spikes shows the membrane alone, and says why there is no gradient', async () => {
      await explorer.follow('#neuron?model=norse.LI');
      await expect.poll(() => explorer.page.locator('figure .summary').first().textContent()).toMatch(/^The last membrane potential is /);
      expect([...(await explorer.columns()).keys()]).toEqual(['t (ms)', 'current', 'v']);
      for (const [model, why] of [
        ['norse.LI', 'norse.LI has no spikes'],
        ['bindsnet.LIFNodes', 'bindsnet.LIFNodes has no gradient'],
      ] as const) {
        await explorer.page.goto('about:blank');
        await explorer.page.goto(`${service.url}/#gradient?model=${model}`);
        await expect.poll(() => explorer.page.locator('figure > .status').textContent()).toContain(why);
      }
    });
  });

  describe('the gradient', () => {
    it("is the tutorial's, through the reset and detached", async () => {
      await explorer.follow('#gradient');
      await expect.poll(() => explorer.page.locator('.statistics tr').count()).toBe(9);
      const rows = await explorer.page.locator('.statistics tbody tr').allInnerTexts();
      expect(rows).toContain('sigmoid (alpha 4)\tcurrent\tthrough the reset\t2.0763\t3.074\t1.6188');
      expect(rows).toContain('sigmoid (alpha 4)\tcurrent\treset detached\t16.429\t27.01\t6.4302');
      expect(rows).toContain('gaussian_grad (sigma 0.5, alpha 0.5)\tcurrent\tthrough the reset\t1.8527\t2.6125\t1.4636');
      const columns = await explorer.columns();
      const { body } = await service.post<{ results: { grad: { current: number[] } }[] }>('/lif/grad', {
        current: { linspace: [0.5, 2.5, 50] },
        steps: 100,
      });
      expect(columns.get('sigmoid (alpha 4), current, through the reset')).toEqual(body.results[0]!.grad.current);
    });

    it('is also with respect to tau and the threshold, for each neuron', async () => {
      await explorer.follow('#gradient?surrogates=sigmoid&detached=false');
      await explorer.page.getByRole('checkbox', { name: 'tau' }).check();
      await explorer.page.getByRole('checkbox', { name: 'v_threshold' }).check();
      await expect
        .poll(() => explorer.words())
        .toEqual(expect.arrayContaining(['dL/dI, through the reset', 'dL/dτ, through the reset', 'dL/dθ, through the reset']));
      const columns = await explorer.columns();
      expect([...columns.keys()]).toHaveLength(5);
      const each = { linspace: [10, 10, 50] };
      const { body } = await service.post<{ results: { grad: { tau: number[] } }[] }>('/lif/grad', {
        current: { linspace: [0.5, 2.5, 50] },
        steps: 100,
        neuron: { tau: each },
        wrt: ['tau'],
      });
      expect(columns.get('sigmoid (alpha 4), tau, through the reset')).toEqual(body.results[0]!.grad.tau);
    });
  });

  describe('a picture', () => {
    it('is saved as SVG, PNG and CSV', async () => {
      await explorer.follow('#neuron');
      const svg = await explorer.save('Save as SVG');
      expect(svg.name).toBe('neuron.svg');
      expect(svg.bytes.toString()).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" width="(\d+)".*<title>.*<\/svg>$/);
      const width = Number(/width="(\d+)"/.exec(svg.bytes.toString())![1]);
      const png = await explorer.save('Save as PNG');
      expect(png.name).toBe('neuron.png');
      expect(png.bytes.subarray(0, 8)).toEqual(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'));
      expect(png.bytes.readUInt32BE(16)).toBe(width * 3);
      const csv = await explorer.save('Save as CSV');
      expect(csv.name).toBe('neuron.csv');
      expect(csv.bytes.toString()).toMatch(/^t \(ms\),current,v,spike\r\n0,1.5,0.015,0\r\n/);
    });

    it('shows its request in three languages, each of which runs as it stands', async () => {
      await explorer.follow('#gradient?surrogates=erf(alpha:2)&detached=false&neurons=3');
      await explorer.page.getByText('Request', { exact: true }).click();
      const texts = await explorer.page.locator('.requests pre').allTextContents();
      const [curl, fetched, python] = texts as [string, string, string];
      const { body } = await service.post<{ results: { grad: { current: number[] } }[] }>('/lif/grad', {
        current: { linspace: [0.5, 2.5, 3] },
        steps: 100,
        surrogate: { name: 'erf', alpha: 2 },
      });
      const expected = body.results[0]!.grad.current;
      const run = promisify(execFile);
      const commands: [string, string[]][] = [
        ['/bin/sh', ['-c', curl]],
        [
          process.execPath,
          ['--input-type=module', '-e', fetched.replace('console.log(', 'console.log(JSON.stringify(').replace(/\);$/, '));')],
        ],
        ['python3', ['-c', python]],
      ];
      for (const [program, args] of commands) {
        if (program === 'python3' && spawnSync('python3', ['--version']).status !== 0) continue;
        const { stdout } = await run(program, args);
        for (const value of expected) expect(stdout, program).toContain(String(value));
      }
      await explorer.page.getByRole('button', { name: 'Copy as curl' }).click();
      expect(await explorer.page.evaluate('navigator.clipboard.readText()')).toBe(curl);
      await explorer.page.getByRole('button', { name: 'Copy link' }).click();
      expect(await explorer.page.evaluate('navigator.clipboard.readText()')).toBe(explorer.page.url());
    });

    it('says when a time has the compilation in it, and when it has not', async () => {
      const slow = await Explorer.open(await contextOf({}), service.url);
      await slow.page.route('**/lif/simulate', async (route) => {
        const response = await route.fetch();
        const body = (await response.json()) as { meta: { elapsed_ms: number } };
        body.meta.elapsed_ms = 252;
        await route.fulfill({ response, json: body });
      });
      await slow.follow('#neuron');
      const status = slow.page.locator('figure > .status').first();
      expect(await status.textContent()).toContain('252 ms in the service, with the compilation that the first run of a kind needs;');
      await slow.page.getByRole('textbox', { name: 'tau (ms)' }).fill('11');
      await expect.poll(() => status.textContent()).toContain('252 ms in the service; 1 request');
      await slow.page.context().close();
    });

    it('fills the window in a presentation, without controls, until Escape', async () => {
      await explorer.follow('#gallery?compare=sigmoid;erf');
      const { page } = explorer;
      const svg = page.locator('figure .plot > svg:not(.overlay)');
      const size = async (): Promise<number[]> =>
        Promise.all(['font-size', 'width', 'height'].map(async (name) => Number(await svg.getAttribute(name))));
      const [usualText, usualWidth] = await size();
      await page.getByRole('button', { name: 'Present' }).click();
      const [text, width, height] = await size();
      expect(text).toBeGreaterThan(1.2 * usualText!);
      expect(width).toBeGreaterThan(1.2 * usualWidth!);
      expect(height).toBeGreaterThan(500);
      expect(await svg.locator('g[clip-path] path').first().getAttribute('stroke-width')).toBe('5');
      expect(await page.locator('figure :is(.tools, .status, details):visible').count()).toBe(0);
      await page.keyboard.press('Escape');
      expect(await size()).toEqual([usualText, usualWidth, expect.anything()]);
      expect(await page.locator('.tools').isVisible()).toBe(true);
      expect(page.url()).not.toContain('x=');
    });

    it('has its numbers as a table', async () => {
      await explorer.follow('#neuron');
      await explorer.page.getByText('Numbers', { exact: true }).first().click();
      const table = explorer.page.locator('.numbers table').first();
      await expect.poll(() => table.locator('caption').textContent()).toBe('56 of 500 rows; the CSV has all');
      expect((await table.locator('thead').innerText()).trim()).toBe('t (ms)\tcurrent\tv\tspike');
    });
  });

  describe('the network', () => {
    const state = (): Promise<string | null> => explorer.page.locator('.run [role=status]').textContent();
    const step = async (): Promise<number> => Number(/^Step (\d+):/.exec((await explorer.page.locator('.summary').textContent())!)![1]);
    const press = (name: string): Promise<void> => explorer.page.getByRole('button', { name, exact: true }).click();

    it('learns as one watches, a request at a time, until it is paused, and begins anew', async () => {
      await explorer.follow('#network?hidden=30&rate=0.02');
      const { page } = explorer;
      expect([await state(), await step()]).toEqual(['Untrained', 0]);
      await page.evaluate(
        '{ const ask = fetch; window.underWay = window.most = 0; window.fetch = (...args) => { most = Math.max(most, ++underWay); return ask(...args).finally(() => underWay--); }; }',
      );
      await press('Start');
      expect(await state()).toBe('Training');
      await expect.poll(step, { timeout: 10_000 }).toBeGreaterThanOrEqual(20);
      // In the background it waits.
      await page.evaluate('Object.defineProperty(document, "hidden", { value: true, configurable: true })');
      await expect.poll(() => page.evaluate('underWay')).toBe(0);
      const hiddenAt = await step();
      await page.evaluate('delete document.hidden; document.dispatchEvent(new Event("visibilitychange"))');
      await expect.poll(step, { timeout: 10_000 }).toBeGreaterThan(hiddenAt);
      await press('Pause');
      await explorer.drawn();
      expect(await state()).toBe('Paused');
      expect(await page.evaluate('most')).toBe(1);

      const columns = await explorer.columns();
      const losses = columns.get('held-out loss')!;
      expect(columns.get('step')!.at(-1)).toBe(await step());
      expect(losses.at(-1)).toBeLessThan(0.8 * losses[0]!);
      expect(await explorer.curves()).toEqual(['yin', 'yang', 'dot', 'the sample shown', 'hidden neurons', 'training', 'held out']);
      await page.getByText('Request', { exact: true }).click();
      await expect
        .poll(() => page.locator('.requests pre').first().textContent())
        .toMatch(/\/network\/grad[^]*"labels":[^]*\/network\/simulate/);

      await press('Reset');
      await expect.poll(step).toBe(0);
      expect(await state()).toBe('Untrained');
      // The same weights again.
      expect((await explorer.columns()).get('held-out loss')).toEqual([losses[0]]);
    });

    it('opens by a link, and takes one surrogate', async () => {
      await explorer.follow('#network?hidden=8&recurrent=true&readout=potential&surrogate=erf;arctan&sample=2&seed=3');
      const { page } = explorer;
      expect(await page.locator('.notice li').allTextContents()).toEqual(['There is one surrogate here; of erf, arctan it is the first']);
      expect(await page.locator('.picker select').inputValue()).toBe('erf');
      await page.locator('.picker select').selectOption('gaussian_grad');
      expect(page.url()).toContain('surrogate=gaussian_grad');
      expect(await explorer.words()).toContain('Output potentials');
      expect(await page.getByRole('checkbox', { name: 'recurrent weights among them' }).isChecked()).toBe(true);
    });

    it('waits as long as a busy service asks for, and ends when it is left', async () => {
      await explorer.follow('#network?hidden=8');
      const { page } = explorer;
      const asked: number[] = [];
      await page.route('**/network/grad', async (route) => {
        asked.push(performance.now());
        if (asked.length > 1) await route.continue();
        else
          await route.fulfill({
            status: 429,
            headers: { 'retry-after': '1' },
            json: { title: 'Too many requests', detail: 'Later.', status: 429 },
          });
      });
      await press('Start');
      await expect.poll(state).toBe('The service asks to wait; the next request goes out in 1 s');
      await expect.poll(() => asked.length, { timeout: 5000 }).toBeGreaterThan(1);
      expect(asked[1]! - asked[0]!).toBeGreaterThan(990);
      await expect.poll(state).toBe('Training');
      await page.getByRole('link', { name: 'Neuron', exact: true }).click();
      await explorer.drawn();
      const count = asked.length;
      await page.waitForTimeout(100);
      expect(asked.length).toBe(count);
      await page.unroute('**/network/grad');
      // The browser tells of the answer that was no success.
      expect(explorer.complaints.splice(0)).toEqual([expect.stringContaining('429')]);
    });
  });

  it('asks for a key where the service does', async () => {
    const guarded = await Service.start({ API_KEYS: 'a-key-of-16-letters' });
    const { page, complaints } = await Explorer.open(await contextOf({}), guarded.url);
    await page.goto(`${guarded.url}/#neuron`);
    await expect.poll(() => page.getByRole('alert').textContent()).toContain('A key is needed');
    complaints.splice(0);
    await page.getByLabel('Key of this service').fill('a-key-of-16-letters');
    await page.getByRole('button', { name: 'Use it' }).click();
    await expect.poll(() => page.locator('.summary').first().textContent()).toMatch(/^4 spikes/);
    expect(complaints).toEqual([]);
    await page.context().close();
    await guarded.stop();
  });

  it('goes from part to part, and back', async () => {
    await explorer.follow('');
    await explorer.page.getByRole('link', { name: 'Neuron', exact: true }).click();
    await expect.poll(() => explorer.page.title()).toBe('Neuron · Surrogate gradient explorer');
    // The tabs stay in sight.
    expect(await explorer.page.evaluate('scrollY')).toBe(0);
    await explorer.page.getByRole('textbox', { name: 'tau (ms)' }).fill('25');
    await explorer.page.getByRole('link', { name: 'Gradient', exact: true }).click();
    // The neuron goes along.
    await expect.poll(() => explorer.page.getByRole('textbox', { name: 'tau (ms)' }).inputValue()).toBe('25');
    await explorer.page.getByRole('link', { name: 'Neuron', exact: true }).click();
    await expect.poll(() => explorer.page.getByRole('textbox', { name: 'tau (ms)' }).inputValue()).toBe('25');
    await explorer.page.goBack();
    await expect.poll(() => explorer.page.title()).toBe('Gradient · Surrogate gradient explorer');
    expect(await explorer.page.locator('nav a[aria-current]').allTextContents()).toEqual(['Gradient']);
  });

  it('takes the surrogates along to the next part', async () => {
    await explorer.follow('#gallery?compare=norse.tanh;erf(alpha:2)');
    await explorer.page.getByRole('button', { name: 'Remove norse.tanh' }).click();
    await explorer.page.getByRole('link', { name: 'Gradient', exact: true }).click();
    await expect.poll(() => explorer.curves()).toEqual(['spike count', 'erf (alpha 2)']);
    await explorer.page.getByRole('button', { name: 'Duplicate erf' }).click();
    await explorer.page.getByRole('link', { name: 'Surrogates', exact: true }).click();
    await expect.poll(() => explorer.page.locator('.picked > li').count()).toBe(2);
  });

  it("opens each of the tutorial's figures, and says what there is to be seen in it", async () => {
    await explorer.follow('');
    const links = explorer.page.getByRole('navigation', { name: 'Figures of the tutorial' }).getByRole('link');
    expect(await links.allTextContents()).toEqual(tutorialFigures.map(({ title }, i) => `${i + 1} ${title}`));
    for (const [i, { title }] of tutorialFigures.entries()) {
      await links.nth(i).click();
      await expect.poll(() => explorer.page.locator('.tutorial-text').textContent()).toContain(`Figure ${i + 1}. ${title}. `);
      expect(await explorer.page.locator('.notice').isVisible()).toBe(false);
      await explorer.drawn();
      expect(await explorer.page.getByRole('alert').filter({ visible: true }).count()).toBe(0);
    }
    // Figure 9: four surrogates, and 30 neurons that all fire alike.
    const columns = await explorer.columns();
    expect([...columns.keys()]).toHaveLength(6);
    expect(columns.get('current')).toHaveLength(30);
  });

  it('shows on a laptop that the gallery is below, and uses a wide screen', async () => {
    const laptop = await Explorer.open(await contextOf({ viewport: { width: 1366, height: 768 } }), service.url);
    await laptop.follow('');
    const svg = laptop.page.locator('figure .plot > svg:not(.overlay)');
    for (const seen of ['.lead', '.tutorial', '.tools', '.gallery h2', '.card'])
      expect((await laptop.page.locator(seen).first().boundingBox())!.y, seen).toBeLessThan(768);
    expect(Number(await svg.getAttribute('font-size'))).toBeGreaterThanOrEqual(14);
    await laptop.page.setViewportSize({ width: 2560, height: 1440 });
    await expect.poll(async () => Number(await svg.getAttribute('width'))).toBeGreaterThan(1900);
    expect(Number(await svg.getAttribute('font-size'))).toBeGreaterThanOrEqual(19);
    await laptop.page.context().close();
  });

  describe('for everyone', () => {
    const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    it.each(
      oneIn(2, [
        ['#gallery', 'dark', 1280],
        ['#neuron', 'light', 390],
        ['#gradient?d_tau=true', 'dark', 390],
        ['#network?hidden=20', 'light', 390],
      ] as const),
    )('axe finds nothing in %s, %s, %d wide', async (hash, colorScheme, width) => {
      // The policy would keep axe out.
      const own = await Explorer.open(await contextOf({ colorScheme, viewport: { width, height: 844 }, bypassCSP: true }), service.url);
      await own.follow(hash);
      const folded = 'details:not([open]):visible > summary';
      for (let i = 0; i < 4 && (await own.page.locator(folded).count()) > 0; i++) await own.page.locator(folded).first().click();
      await own.page.evaluate(axe);
      const { violations } = await own.page.evaluate<AxeResults>('axe.run(document, { resultTypes: ["violations"] })');
      await own.page.context().close();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join('\n')}`)).toEqual([]);
    });

    it('reads values where a finger taps', async () => {
      const phone = await Explorer.open(
        await contextOf({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }),
        service.url,
      );
      await phone.follow('');
      // The picture begins on the first screen, and says how it is read.
      expect((await phone.page.locator('.plot').boundingBox())!.y).toBeLessThan(600);
      expect(await phone.page.locator('.readout').textContent()).toBe('Tap the picture to read its values.');
      await phone.page.locator('.plot').tap({ position: { x: 250, y: 100 } });
      await expect.poll(() => phone.page.locator('.readout').textContent()).toMatch(/^x = [\d.]+/);
      expect(await phone.page.locator('.legend .values').nth(1).textContent()).toMatch(/^[\d.]+ · [\d.]+$/);
      await phone.page.context().close();
    });

    it.each(['#gallery', '#neuron', '#gradient', '#network?hidden=20'])('%s is no wider than a phone', async (hash) => {
      await explorer.page.setViewportSize({ width: 360, height: 740 });
      await explorer.follow(hash);
      expect(await explorer.page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
      await explorer.page.setViewportSize({ width: 1280, height: 900 });
    });
  });
});
