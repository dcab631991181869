import { NameIndex } from '../src/compute/surrogates/name-index.ts';
import { classOf } from '../src/plot/draw.ts';
import type { PickedSurrogate } from './address.ts';
import type { CatalogueEntry, ParameterEntry, ProblemDocument } from './api-types.ts';
import { element, newId, svgElement } from './dom.ts';
import { numberField, type Field } from './fields.ts';

export interface SurrogatePickerOptions {
  readonly catalogue: readonly CatalogueEntry[];
  readonly picked: readonly PickedSurrogate[];
  /** `valid` is false while a parameter is not a number that its surrogate takes. */
  readonly onChange: (valid: boolean) => void;
}

/** Surrogates that are compared: more can be added, and each has sliders for its parameters. */
export class SurrogatePicker {
  readonly element: HTMLElement;
  readonly #options: SurrogatePickerOptions;
  readonly #entries: ReadonlyMap<string, CatalogueEntry>;
  readonly #list = element('ol', { class: 'picked' });
  #picked: { name: string; parameters: Record<string, number> }[];
  readonly #select: HTMLSelectElement;
  #fields: ReadonlyMap<string, Field<number>>[] = [];

  constructor(options: SurrogatePickerOptions) {
    this.#options = options;
    this.#entries = new Map(options.catalogue.map((entry) => [entry.name, entry]));
    const index = new NameIndex(this.#entries.keys());
    this.#picked = options.picked.flatMap(({ name: given, parameters }) => {
      const name = index.find(given);
      return name === undefined ? [] : [{ name, parameters: { ...parameters } }];
    });
    const id = newId();
    const select = element('select', { id }, ...options.catalogue.map(({ name }) => element('option', { value: name }, name)));
    this.#select = select;
    const add = element(
      'button',
      {
        type: 'button',
        onclick: () => {
          this.add(select.value);
          this.#focusLast();
        },
      },
      'Add',
    );
    this.element = element(
      'div',
      { class: 'picker' },
      this.#list,
      element('div', { class: 'field add' }, element('label', { for: id }, 'Another surrogate'), select, add),
    );
    this.#fill();
  }

  get picked(): readonly PickedSurrogate[] {
    return this.#picked;
  }

  has(name: string): boolean {
    return this.#picked.some((one) => one.name === name);
  }

  add(name: string, parameters: Readonly<Record<string, number>> = {}): void {
    this.#picked.push({ name, parameters: { ...parameters } });
    this.#changed();
  }

  /** Takes away all of a name. */
  remove(name: string): void {
    this.#picked = this.#picked.filter((one) => one.name !== name);
    this.#changed();
  }

  /** As requests have them, with those parameters that are set. */
  get wire(): { name: string }[] {
    return this.#picked.map(({ name, parameters }) => ({ name, ...parameters }));
  }

  /** Says beside the parameters what the service finds wrong with them. */
  complain(errors: NonNullable<ProblemDocument['errors']>): void {
    for (const { path, message } of errors) {
      const place = /^\/surrogate\/(\d+)\/(.+)$/.exec(path);
      if (place !== null) this.#fields[Number(place[1])]?.get(place[2]!)?.complain(message);
    }
  }

  #changed(): void {
    this.#fill();
    this.#options.onChange(this.#valid());
  }

  /** Who has added one by a button goes on with it. */
  #focusLast(): void {
    this.#list.lastElementChild?.querySelector<HTMLElement>('input, button')?.focus();
  }

  #valid(): boolean {
    return this.#fields.flatMap((fields) => [...fields.values()]).every((field) => field.value() !== undefined);
  }

  #fill(): void {
    this.#fields = [];
    this.#list.replaceChildren(...this.#picked.map((one, index) => this.#item(one, index)));
  }

  #item(one: { name: string; parameters: Record<string, number> }, index: number): HTMLElement {
    const fields = new Map(
      Object.entries(this.#entries.get(one.name)!.parameters).flatMap(([parameter, entry]): [string, Field<number>][] => {
        // Lists keep their default: the page has no fields for them.
        if (typeof entry.default !== 'number') return [];
        const field: Field<number> = numberField({
          label: parameter,
          text: String(one.parameters[parameter] ?? entry.default),
          minimum: entry.minimum,
          maximum: entry.maximum,
          integer: entry.integer,
          hint: entry.meaning,
          ...sliderOf(entry, entry.default),
          onChange: () => {
            const value = field.value();
            if (value !== undefined) one.parameters[parameter] = value;
            this.#options.onChange(this.#valid());
          },
        });
        return [[parameter, field]];
      }),
    );
    this.#fields[index] = fields;
    const swatch = svgElement('svg', { class: 'swatch', viewBox: '0 0 16 16', width: 16, height: 16, 'aria-hidden': 'true' });
    swatch.append(svgElement('rect', { class: `${classOf(index)} filled`, width: 16, height: 16, rx: 3 }));
    const button = (text: string, label: string, action: () => void): HTMLElement =>
      element('button', { type: 'button', 'aria-label': `${label} ${one.name}`, onclick: action }, text);
    const again = (): void => {
      this.add(one.name, one.parameters);
      this.#focusLast();
    };
    const away = (): void => {
      this.#picked.splice(index, 1);
      this.#changed();
      this.#select.focus();
    };
    return element(
      'li',
      {},
      element(
        'fieldset',
        {},
        element('legend', {}, swatch, one.name),
        ...[...fields.values()].map((field) => field.element),
        element('div', { class: 'actions' }, button('Duplicate', 'Duplicate', again), button('Remove', 'Remove', away)),
      ),
    );
  }
}

/** Where a parameter's slider ends: around its default, within its range. */
function sliderOf({ minimum, maximum, integer }: ParameterEntry, usual: number): { slider: [number, number]; logarithmic?: boolean } {
  if (integer) return { slider: [minimum, Math.min(maximum, 16)] };
  if (minimum < 0) return { slider: [-2, 2] };
  if (minimum === 0) return { slider: [0, Math.min(maximum, Math.max(1, usual * 5))] };
  return { slider: [Math.max(minimum, usual / 20), Math.min(maximum, usual * 20)], logarithmic: true };
}
