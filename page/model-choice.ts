import type { NeuronEntry } from './api-types.ts';
import { element, newId } from './dom.ts';

/** A choice among all models of neurons, grouped by library. */
export function modelChoice(neurons: readonly NeuronEntry[], chosen: NeuronEntry, onChoose: (name: string) => void): HTMLElement {
  const id = newId();
  const libraries = [...new Set(neurons.map(({ library }) => library))];
  const groups = libraries.map((library) =>
    element(
      'optgroup',
      { label: library ?? 'of no library' },
      ...neurons.filter((one) => one.library === library).map(({ name }) => element('option', { value: name }, name)),
    ),
  );
  const select = element('select', { id, name: 'model' }, ...groups);
  select.value = chosen.name;
  select.addEventListener('change', () => {
    onChoose(select.value);
  });
  return element(
    'div',
    {},
    element('div', { class: 'field' }, element('div', { class: 'name' }, element('label', { for: id }, 'Model')), select),
    element('p', { class: 'quiet' }, chosen.summary),
  );
}
