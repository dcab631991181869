import { didYouMean } from '../src/errors/did-you-mean.ts';
import { readRange } from './address.ts';
import {
  checkField,
  choiceField,
  numberField,
  optionalNumberField,
  type CheckOptions,
  type ChoiceOptions,
  type Field,
  type NumberFieldOptions,
} from './fields.ts';
import type { PartOptions } from './part.ts';

/** A field that is wrong. */
export type WrongField = Pick<Field<unknown>, 'focus'> & { readonly problem: string };

/** The settings of a part, in the form that the address bar has, and the fields that change them. */
export class Settings {
  readonly #texts: Map<string, string>;
  readonly #onChange: () => void;
  readonly #report: PartOptions['report'];
  readonly #fields = new Map<string, Field<unknown>>();
  readonly #known = new Set<string>();

  /** @param onChange what to do when someone has changed one, right or wrong. */
  constructor({ settings, report }: Pick<PartOptions, 'settings' | 'report'>, onChange: () => void) {
    this.#texts = new Map(settings);
    this.#report = report;
    this.#onChange = onChange;
  }

  get texts(): ReadonlyMap<string, string> {
    return this.#texts;
  }

  text(name: string, usual: string): string {
    this.#known.add(name);
    return this.#texts.get(name) ?? usual;
  }

  set(name: string, text: string | undefined): void {
    if (text === undefined) this.#texts.delete(name);
    else this.#texts.set(name, text);
  }

  /** Two numbers, the smaller one first; nothing where the address has none, or none that are right. */
  range(name: string): [number, number] | undefined {
    this.#known.add(name);
    const text = this.#texts.get(name);
    const range = readRange(text);
    if (text !== undefined && range === undefined)
      this.#ignore(name, `${name} must be two numbers, the smaller one first, such as ${name}=-1,1; it is "${text}"`);
    return range;
  }

  /** A field for a number. */
  number(name: string, usual: number, options: Omit<NumberFieldOptions, 'text' | 'onChange'>): Field<number> {
    const field: Field<number> = numberField({
      ...options,
      text: this.text(name, String(usual)),
      onChange: () => {
        this.#take(name, field);
      },
    });
    return this.#keep(name, field);
  }

  /** A field for a number or none. */
  optionalNumber(name: string, usual: number | null, options: Omit<NumberFieldOptions, 'text' | 'onChange'>): Field<number | null> {
    const field: Field<number | null> = optionalNumberField({
      ...options,
      text: this.text(name, textOf(usual)),
      onChange: () => {
        this.#take(name, field);
      },
    });
    return this.#keep(name, field);
  }

  /** A field for one of a few words. */
  choice<Value extends string>(name: string, usual: Value, options: Omit<ChoiceOptions<Value>, 'value' | 'onChange'>): Field<Value> {
    const words = options.choices.map(([one]) => one);
    const field: Field<Value> = choiceField({
      ...options,
      value: this.#oneOf(name, usual, words),
      onChange: () => {
        this.#take(name, field);
      },
    });
    return this.#keep(name, field);
  }

  /** A field for yes or no. */
  check(name: string, usual: boolean, options: Omit<CheckOptions, 'value' | 'onChange'>): Field<boolean> {
    const field: Field<boolean> = checkField({
      ...options,
      value: this.#oneOf(name, String(usual), ['true', 'false']) === 'true',
      onChange: () => {
        this.#take(name, field);
      },
    });
    return this.#keep(name, field);
  }

  /** The number of a field, or nothing while it is wrong. */
  valueOf(name: string): number | undefined {
    const value = this.#fields.get(name)?.value();
    return typeof value === 'number' ? value : undefined;
  }

  /** Those of these fields that hold something wrong; each says so beside itself too. */
  wrongFields(names: readonly string[]): WrongField[] {
    return names.flatMap((name) => {
      const field = this.#fields.get(name);
      return field === undefined ? [] : wrongFields([field]);
    });
  }

  /** What was said to be wrong with these fields last, though each for itself is right. */
  saidProblems(names: readonly string[]): WrongField[] {
    return names.flatMap((name) => {
      const field = this.#fields.get(name);
      const problem = field?.problem();
      return field === undefined || problem === undefined ? [] : [{ problem, focus: field.focus }];
    });
  }

  /** Says beside a field what is wrong with it together with others, or what the service finds wrong. */
  complain(name: string, problem: string): void {
    this.#fields.get(name)?.complain(problem);
  }

  /** Takes these names as ones that an address may have, though no field has them now. */
  know(names: Iterable<string>): void {
    for (const name of names) this.#known.add(name);
  }

  /** Reports what the address has set and nothing has asked for; comes last. */
  reportUnknown(): void {
    for (const name of [...this.#texts.keys()])
      if (!this.#known.has(name)) this.#ignore(name, `"${name}" is not a setting here; ${didYouMean(name, this.#known)}`);
  }

  /** The word that the address has for a name, among those that it may have. */
  #oneOf<Word extends string>(name: string, usual: Word, words: readonly Word[]): Word {
    const given = this.text(name, usual);
    const word = words.find((one) => one === given);
    if (word === undefined) this.#ignore(name, `${name} must be one of ${words.join(', ')}; it is "${given}"`);
    return word ?? usual;
  }

  #ignore(name: string, problem: string): void {
    this.#texts.delete(name);
    this.#report(problem);
  }

  #take(name: string, field: Field<string | number | boolean | null>): void {
    const value = field.value();
    if (value !== undefined) this.#texts.set(name, textOf(value));
    this.#onChange();
  }

  #keep<F extends Field<unknown>>(name: string, field: F): F {
    this.#fields.set(name, field);
    return field;
  }
}

/** Those fields that hold something wrong; each says so beside itself too. */
export function wrongFields(fields: Iterable<Field<unknown>>): WrongField[] {
  return [...fields].flatMap((field) => {
    const problem = field.value() === undefined ? field.problem() : undefined;
    return problem === undefined ? [] : [{ problem, focus: field.focus }];
  });
}

/** A value as the address has it; none is an empty text. */
function textOf(value: string | number | boolean | null): string {
  return value === null ? '' : String(value);
}
