import { element } from './dom.ts';
import { tutorialFigures } from './tutorial-figures.ts';

/** Links to the tutorial's figures, and what the one that is open shows. */
export function tutorial(): { readonly element: HTMLElement; readonly show: (hash: string) => void } {
  const links = tutorialFigures.map(({ title, hash }, i) =>
    element('a', { href: hash }, element('span', { class: 'place' }, `${i + 1}`), ' ', title),
  );
  const text = element('p', { class: 'tutorial-text', hidden: true });
  return {
    element: element(
      'div',
      { class: 'tutorial' },
      element(
        'nav',
        { 'aria-label': 'Figures of the tutorial' },
        element('h2', {}, "braintools' tutorial, figure by figure:"),
        element('ol', {}, ...links.map((link) => element('li', {}, link))),
      ),
      text,
    ),
    show(hash) {
      const open = tutorialFigures.findIndex((one) => one.hash === hash);
      links.forEach((link, i) => {
        if (i === open) link.setAttribute('aria-current', 'true');
        else link.removeAttribute('aria-current');
      });
      const figure = tutorialFigures[open];
      text.hidden = figure === undefined;
      text.replaceChildren(...(figure === undefined ? [] : [element('strong', {}, `Figure ${open + 1}. ${figure.title}. `), figure.text]));
    },
  };
}
