import { NameIndex } from '../src/compute/surrogates/name-index.ts';
import { didYouMean, question } from '../src/errors/did-you-mean.ts';
import { readSurrogates, type PickedSurrogate } from './address.ts';
import type { CatalogueEntry, ParameterEntry, ProblemDocument } from './api-types.ts';
import { element, newId } from './dom.ts';
import { numberField, type Field } from './fields.ts';
import { swatchOf } from './legend.ts';
import { wrongFields, type WrongField } from './settings.ts';

export interface SurrogatePickerOptions {
  readonly catalogue: readonly CatalogueEntry[];
  /** The surrogates at first, as an address has them. */
  readonly picked: string;
  /** Is told what of that text is unknown. */
  readonly report: (problem: string) => void;
  readonly onChange: () => void;
  /** The usual one, where exactly one is picked: another takes its place. */
  readonly single?: string;
}

/** Surrogates that are compared: more can be added, and each has sliders for its parameters. Or a single one. */
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
    this.#picked = this.#read(options);
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
    this.element =
      options.single === undefined
        ? element(
            'div',
            { class: 'picker' },
            this.#list,
            element('div', { class: 'add' }, element('label', { for: id }, 'Another surrogate'), select, add),
          )
        : this.#chooser(id);
    this.#fill();
  }

  /** The list of all surrogates for the choice of one, and that one's parameters. */
  #chooser(id: string): HTMLElement {
    this.#select.value = this.#picked[0]!.name;
    this.#select.addEventListener('change', () => {
      this.#picked = [{ name: this.#select.value, parameters: {} }];
      this.#changed();
    });
    return element(
      'div',
      { class: 'picker' },
      element('div', { class: 'add' }, element('label', { for: id }, 'Name'), this.#select),
      this.#list,
    );
  }

  /** Those that an address names, with what of them is known. */
  #read({ picked, report, single }: SurrogatePickerOptions): { name: string; parameters: Record<string, number> }[] {
    const known = this.#readKnown(picked, report);
    if (single === undefined || known.length === 1) return known;
    if (known.length === 0) return this.#readKnown(single, report);
    report(`There is one surrogate here; of ${known.map(({ name }) => name).join(', ')} it is the first`);
    return known.slice(0, 1);
  }

  #readKnown(picked: string, report: SurrogatePickerOptions['report']): { name: string; parameters: Record<string, number> }[] {
    const index = new NameIndex(this.#entries.keys());
    return readSurrogates(picked, report).flatMap(({ name: given, parameters }) => {
      const name = index.find(given);
      if (name === undefined) {
        report(`"${given}" is not a surrogate; ${question(index.candidates(given)) ?? didYouMean(given, this.#entries.keys())}`);
        return [];
      }
      const known = this.#entries.get(name)!.parameters;
      const taken = Object.entries(parameters).filter(([parameter]) => {
        if (Object.hasOwn(known, parameter)) return true;
        report(`${name} has no parameter "${parameter}"; ${didYouMean(parameter, Object.keys(known))}`);
        return false;
      });
      return [{ name, parameters: Object.fromEntries(taken) }];
    });
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
    this.#options.onChange();
  }

  /** Who has added one by a button goes on with it. */
  #focusLast(): void {
    this.#list.lastElementChild?.querySelector<HTMLElement>('input, button')?.focus();
  }

  /** The parameters that are not numbers which their surrogates take. */
  get wrongFields(): WrongField[] {
    return wrongFields(this.#fields.flatMap((fields) => [...fields.values()]));
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
          ...sliderOf(entry, entry.default),
          onChange: () => {
            const value = field.value();
            if (value !== undefined) one.parameters[parameter] = value;
            this.#options.onChange();
          },
        });
        return [[parameter, field]];
      }),
    );
    this.#fields[index] = fields;
    const button = (text: string, label: string, action: () => void): HTMLElement =>
      element('button', { type: 'button', title: label, 'aria-label': `${label} ${one.name}`, onclick: action }, text);
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
        'div',
        { role: 'group', 'aria-label': one.name },
        this.#options.single === undefined &&
          element(
            'div',
            { class: 'head' },
            swatchOf({ kind: 'line', label: '', style: index, x: [], y: [] }),
            element('span', { class: 'label' }, one.name),
            button('+', 'Duplicate', again),
            button('✕', 'Remove', away),
          ),
        ...[...fields.values()].map((field) => field.element),
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
