import {
  checkField,
  choiceField,
  numberField,
  optionalNumberField,
  type ChoiceOptions,
  type Field,
  type NumberFieldOptions,
  type OptionalNumberOptions,
} from './fields.ts';

/** The settings of a part, in the form that the address bar has, and the fields that change them. */
export class Settings {
  readonly #texts: Map<string, string>;
  readonly #onChange: () => void;
  readonly #fields = new Map<string, Field<unknown>>();

  /** @param onChange what to do when someone has changed one, right or wrong. */
  constructor(texts: ReadonlyMap<string, string>, onChange: () => void) {
    this.#texts = new Map(texts);
    this.#onChange = onChange;
  }

  get texts(): ReadonlyMap<string, string> {
    return this.#texts;
  }

  text(name: string, usual: string): string {
    return this.#texts.get(name) ?? usual;
  }

  set(name: string, text: string | undefined): void {
    if (text === undefined) this.#texts.delete(name);
    else this.#texts.set(name, text);
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
  optionalNumber(name: string, usual: number | null, options: Omit<OptionalNumberOptions, 'text' | 'onChange'>): Field<number | null> {
    const field: Field<number | null> = optionalNumberField({
      ...options,
      text: this.text(name, textOf(usual)),
      onChange: () => {
        this.#take(name, field);
      },
    });
    return this.#keep(name, field);
  }

  /** A field for one of a few words. What the address has and is none of them counts for nothing. */
  choice<Value extends string>(name: string, usual: Value, options: Omit<ChoiceOptions<Value>, 'value' | 'onChange'>): Field<Value> {
    const given = this.text(name, usual);
    const value = options.choices.find(([one]) => one === given)?.[0] ?? usual;
    const field: Field<Value> = choiceField({
      ...options,
      value,
      onChange: () => {
        this.#take(name, field);
      },
    });
    return this.#keep(name, field);
  }

  /** A field for yes or no. */
  check(name: string, usual: boolean, label: string): Field<boolean> {
    const field: Field<boolean> = checkField({
      label,
      value: this.text(name, String(usual)) === 'true',
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

  /** Whether all of these fields hold something right. */
  areRight(names: readonly string[]): boolean {
    // Each says for itself what is wrong.
    return names.map((name) => this.#fields.get(name)?.value() !== undefined).every(Boolean);
  }

  /** Says beside a field what the service finds wrong with it. */
  complain(name: string, problem: string): void {
    this.#fields.get(name)?.complain(problem);
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

/** A value as the address has it; none is an empty text. */
function textOf(value: string | number | boolean | null): string {
  return value === null ? '' : String(value);
}
