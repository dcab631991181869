import { element } from './dom.ts';

/** What is at the lower edge of the window while someone picks and the comparison is out of sight. */
export function pickedBar(comparison: HTMLElement): { element: HTMLElement; show: (count: number) => void } {
  const text = element('span', {});
  const show = (): void => {
    comparison.scrollIntoView({ block: 'start' });
    comparison.querySelector<HTMLElement>('.plot')?.focus({ preventScroll: true });
  };
  const bar = element(
    'div',
    { class: 'picked-bar', hidden: true },
    text,
    element('button', { type: 'button', onclick: show }, 'Show the comparison'),
  );
  new IntersectionObserver(([entry]) => {
    bar.hidden = entry!.isIntersecting;
  }).observe(comparison);
  return {
    element: bar,
    show: (count) => {
      text.textContent = count === 1 ? '1 surrogate picked' : `${count} surrogates picked`;
    },
  };
}
