import { element } from './dom.ts';

/** As wide as a window must be for controls to stand beside a picture; `style.css` has it too. */
const wide = matchMedia('(min-width: 900px)');

/** The controls of a part: beside the picture where there is room, else below it and folded up. */
export function controls(title: string, ...children: readonly HTMLElement[]): HTMLElement {
  const made = element('details', { class: 'controls' }, element('summary', {}, title), element('div', {}, ...children));
  made.open = wide.matches;
  wide.addEventListener('change', () => {
    made.open = wide.matches;
  });
  return made;
}

/** A part's pictures, with what is said of them, and its controls. @param kind a further class. */
export function withControls(made: HTMLElement, pictures: readonly HTMLElement[], kind = ''): HTMLElement {
  return element('div', { class: `with-controls ${kind}`.trim() }, element('div', { class: 'picture' }, ...pictures), made);
}
