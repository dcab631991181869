import { element, newId } from './dom.ts';
import { readNumber, type NumberRule } from './number-text.ts';

/** A control with a label. What is wrong with it is said beside it, and what was typed stays. */
export interface Field<Value> {
  readonly element: HTMLElement;
  /** The value, or nothing while what is in the field is not one. */
  value(): Value | undefined;
  set(value: Value): void;
  /** Says what is wrong with it, or, without a text, that nothing is. */
  complain(problem?: string): void;
  /** What was said to be wrong with it last. */
  problem(): string | undefined;
  readonly focus: () => void;
}

/** The control of a field: its label, its help and what is wrong with it are tied to it. */
interface Control {
  readonly input: HTMLInputElement | HTMLSelectElement;
  readonly label: string;
  readonly hint?: string | undefined;
  /** What else belongs beside the control. */
  readonly beside?: HTMLElement;
  readonly isCheck?: boolean;
}

/** All of a field but its value. */
function frameOf({
  input,
  label,
  hint,
  beside,
  isCheck = false,
}: Control): Pick<Field<unknown>, 'element' | 'complain' | 'problem' | 'focus'> {
  const [id, hintId, problemId] = [newId(), newId(), newId()];
  input.id = id;
  const help = hint === undefined ? undefined : element('span', { id: hintId, class: 'hint' }, hint);
  const problem = element('p', { id: problemId, class: 'problem', hidden: true });
  const describe = (isWrong: boolean): void => {
    const ids = [...(help ? [hintId] : []), ...(isWrong ? [problemId] : [])];
    if (ids.length === 0) input.removeAttribute('aria-describedby');
    else input.setAttribute('aria-describedby', ids.join(' '));
    if (isWrong) input.setAttribute('aria-invalid', 'true');
    else input.removeAttribute('aria-invalid');
  };
  describe(false);
  const name = element('label', { for: id }, label);
  return {
    element: isCheck
      ? element('div', { class: 'field check' }, input, name, help, problem)
      : element('div', { class: 'field' }, element('div', { class: 'name' }, name, help), input, beside, problem),
    complain(text) {
      problem.hidden = text === undefined;
      problem.textContent = text ?? '';
      describe(text !== undefined);
    },
    problem: () => (problem.hidden ? undefined : problem.textContent),
    focus: () => {
      for (let folded = input.closest('details'); folded; folded = folded.parentElement!.closest('details')) folded.open = true;
      input.focus();
    },
  };
}

export interface NumberFieldOptions extends NumberRule {
  /** What stands in it first, right or wrong. */
  readonly text: string;
  readonly unit?: string;
  /** The ends of its slider; inside `minimum` and `maximum`. */
  readonly slider: readonly [number, number];
  /** Whether the slider multiplies and does not add. */
  readonly logarithmic?: boolean;
  readonly hint?: string;
  readonly onChange: () => void;
}

/** How many places a slider has, of which a key moves it by one. */
const manyPlaces = 200;

/** A number to be typed or to be slid. */
export function numberField(options: NumberFieldOptions): Field<number> {
  const field = optionalNumberField(options, false);
  return { ...field, value: () => field.value() ?? undefined };
}

/** A number to be typed or to be slid, or, where it may be left empty, none. */
export function optionalNumberField(options: NumberFieldOptions, mayBeEmpty = true): Field<number | null> {
  const {
    label,
    unit,
    slider: [from, to],
    logarithmic = false,
    integer = false,
    hint,
    onChange,
  } = options;
  const places = integer ? Math.min(to - from, 1000) : manyPlaces;
  const input = element('input', {
    type: 'text',
    inputmode: 'decimal',
    autocomplete: 'off',
    spellcheck: 'false',
    size: 7,
    placeholder: mayBeEmpty ? 'none' : undefined,
  });
  const slider = element('input', { type: 'range', min: 0, max: places, step: 1, 'aria-label': `${label}, slider` });
  const frame = frameOf({ input, label: unit === undefined ? label : `${label} (${unit})`, hint, beside: slider });

  const read = (): ReturnType<typeof readNumber> | { readonly value: null } =>
    mayBeEmpty && input.value.trim() === '' ? { value: null } : readNumber(input.value, options);
  const fromSlider = (): number => {
    const share = Number(slider.value) / places;
    const value = logarithmic ? from * (to / from) ** share : from + (to - from) * share;
    return integer ? Math.round(value) : Number(value.toPrecision(3));
  };
  const moveSlider = (value: number | null): void => {
    if (value !== null) {
      const share = logarithmic ? Math.log(Math.max(value, from) / from) / Math.log(to / from) : (value - from) / (to - from);
      slider.value = String(Math.round(places * Math.min(1, Math.max(0, share))));
    }
    slider.setAttribute('aria-valuetext', value === null ? 'none' : String(value));
  };
  const field: Field<number | null> = {
    ...frame,
    value() {
      const now = read();
      frame.complain('problem' in now ? now.problem : undefined);
      return 'problem' in now ? undefined : now.value;
    },
    set(value) {
      input.value = value === null ? '' : String(value);
      moveSlider(value);
      frame.complain();
    },
  };
  input.addEventListener('input', () => {
    const value = field.value();
    if (value !== undefined) moveSlider(value);
    onChange();
  });
  slider.addEventListener('input', () => {
    field.set(fromSlider());
    onChange();
  });
  input.value = options.text;
  const first = field.value();
  if (first !== undefined) moveSlider(first);
  return field;
}

export interface ChoiceOptions<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly choices: readonly (readonly [value: Value, text: string])[];
  readonly hint?: string;
  readonly onChange: () => void;
}

/** One of a few. */
export function choiceField<Value extends string>({ label, value, choices, hint, onChange }: ChoiceOptions<Value>): Field<Value> {
  const select = element('select', { onchange: onChange }, ...choices.map(([one, text]) => element('option', { value: one }, text)));
  select.value = value;
  return {
    ...frameOf({ input: select, label, hint }),
    value: () => select.value as Value,
    set(one) {
      select.value = one;
    },
  };
}

export interface CheckOptions {
  readonly label: string;
  readonly value: boolean;
  readonly hint?: string;
  readonly onChange: () => void;
}

/** Yes or no. */
export function checkField({ label, value, hint, onChange }: CheckOptions): Field<boolean> {
  const box = element('input', { type: 'checkbox', onchange: onChange });
  box.checked = value;
  return {
    ...frameOf({ input: box, label, hint, isCheck: true }),
    value: () => box.checked,
    set(checked) {
      box.checked = checked;
    },
  };
}

/** Fields under a heading. */
export function fieldGroup(legend: string, ...fields: readonly HTMLElement[]): HTMLFieldSetElement {
  return element('fieldset', {}, element('legend', {}, legend), ...fields);
}
