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
  const {
    label,
    unit,
    slider: [from, to],
    logarithmic = false,
    integer = false,
    hint,
    onChange,
  } = options;
  const [id, problemId] = [newId(), newId()];
  const places = integer ? Math.min(to - from, 1000) : manyPlaces;
  const input = element('input', { id, type: 'text', inputmode: 'decimal', autocomplete: 'off', spellcheck: 'false', size: 7 });
  const slider = element('input', { type: 'range', min: 0, max: places, step: 1, 'aria-label': `${label}, slider` });
  const problem = element('p', { id: problemId, class: 'problem', hidden: true });
  const name = unit === undefined ? label : `${label} (${unit})`;
  const made = element('div', { class: 'field', title: hint }, element('label', { for: id }, name), input, slider, problem);

  const fromSlider = (): number => {
    const share = Number(slider.value) / places;
    const value = logarithmic ? from * (to / from) ** share : from + (to - from) * share;
    return integer ? Math.round(value) : Number(value.toPrecision(3));
  };
  const moveSlider = (value: number): void => {
    const share = logarithmic ? Math.log(Math.max(value, from) / from) / Math.log(to / from) : (value - from) / (to - from);
    slider.value = String(Math.round(places * Math.min(1, Math.max(0, share))));
    slider.setAttribute('aria-valuetext', String(value));
  };
  const field: Field<number> = {
    element: made,
    value() {
      const read = readNumber(input.value, options);
      field.complain('problem' in read ? read.problem : undefined);
      return 'problem' in read ? undefined : read.value;
    },
    set(value) {
      input.value = String(value);
      moveSlider(value);
    },
    complain: (text) => {
      showProblem(input, problem, text);
    },
  };
  input.addEventListener('input', () => {
    const value = field.value();
    if (value !== undefined) moveSlider(value);
    onChange();
  });
  slider.addEventListener('input', () => {
    const value = fromSlider();
    input.value = String(value);
    slider.setAttribute('aria-valuetext', String(value));
    field.complain();
    onChange();
  });
  input.value = options.text;
  const first = readNumber(options.text, options);
  if ('value' in first) moveSlider(first.value);
  else field.complain(first.problem);
  return field;
}

export interface OptionalNumberOptions extends NumberRule {
  readonly text: string;
  readonly unit?: string;
  readonly hint?: string;
  readonly onChange: () => void;
}

/** A number to be typed, or none in an empty field. */
export function optionalNumberField(options: OptionalNumberOptions): Field<number | null> {
  const { label, unit, hint, text, onChange } = options;
  const [id, problemId] = [newId(), newId()];
  const input = element('input', {
    id,
    type: 'text',
    inputmode: 'decimal',
    autocomplete: 'off',
    spellcheck: 'false',
    size: 7,
    placeholder: 'none',
  });
  const problem = element('p', { id: problemId, class: 'problem', hidden: true });
  const name = unit === undefined ? label : `${label} (${unit})`;
  const field: Field<number | null> = {
    element: element('div', { class: 'field', title: hint }, element('label', { for: id }, name), input, problem),
    value() {
      const read = input.value.trim() === '' ? { value: null } : readNumber(input.value, options);
      field.complain('problem' in read ? read.problem : undefined);
      return 'problem' in read ? undefined : read.value;
    },
    set(value) {
      input.value = value === null ? '' : String(value);
    },
    complain: (said) => {
      showProblem(input, problem, said);
    },
  };
  input.addEventListener('input', onChange);
  input.value = text;
  field.value();
  return field;
}

function showProblem(input: HTMLElement, problem: HTMLElement, text: string | undefined): void {
  problem.hidden = text === undefined;
  problem.textContent = text ?? '';
  if (text === undefined) {
    input.removeAttribute('aria-invalid');
    input.removeAttribute('aria-describedby');
  } else {
    input.setAttribute('aria-invalid', 'true');
    input.setAttribute('aria-describedby', problem.id);
  }
}

export interface ChoiceOptions<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly choices: readonly (readonly [value: Value, text: string])[];
  readonly onChange: () => void;
}

/** One of a few. */
export function choiceField<Value extends string>({ label, value, choices, onChange }: ChoiceOptions<Value>): Field<Value> {
  const [id, problemId] = [newId(), newId()];
  const select = element('select', { id, onchange: onChange }, ...choices.map(([one, text]) => element('option', { value: one }, text)));
  const problem = element('p', { id: problemId, class: 'problem', hidden: true });
  select.value = value;
  return {
    element: element('div', { class: 'field' }, element('label', { for: id }, label), select, problem),
    value: () => select.value as Value,
    set(one) {
      select.value = one;
    },
    complain: (text) => {
      showProblem(select, problem, text);
    },
  };
}

/** Yes or no. */
export function checkField({ label, value, onChange }: { label: string; value: boolean; onChange: () => void }): Field<boolean> {
  const [id, problemId] = [newId(), newId()];
  const box = element('input', { id, type: 'checkbox', onchange: onChange });
  const problem = element('p', { id: problemId, class: 'problem', hidden: true });
  box.checked = value;
  return {
    element: element('div', { class: 'field check' }, box, element('label', { for: id }, label), problem),
    value: () => box.checked,
    set(checked) {
      box.checked = checked;
    },
    complain: (text) => {
      showProblem(box, problem, text);
    },
  };
}

/** Fields under a heading. */
export function fieldGroup(legend: string, ...fields: readonly HTMLElement[]): HTMLFieldSetElement {
  return element('fieldset', {}, element('legend', {}, legend), ...fields);
}
