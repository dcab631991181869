import { useKey } from './api.ts';
import { element, newId } from './dom.ts';

/** A field for the key that a guarded service asks for. */
export function keyForm(onKey: () => void): HTMLFormElement {
  const id = newId();
  const input = element('input', { id, type: 'password', autocomplete: 'off' });
  const form = element(
    'form',
    { class: 'key' },
    element('label', { for: id }, 'Key of this service'),
    ' ',
    input,
    ' ',
    element('button', {}, 'Use it'),
  );
  form.addEventListener('submit', (event) => {
    // It goes into requests and nowhere else.
    event.preventDefault();
    useKey(input.value);
    onKey();
  });
  return form;
}
