import { element } from './dom.ts';

/** What is at the lower edge of the window while someone picks, far from the comparison. */
export function pickedBar(onShow: () => void): { element: HTMLElement; show: (count: number) => void } {
  const text = element('span', {});
  return {
    element: element('div', { class: 'picked-bar' }, text, element('button', { type: 'button', onclick: onShow }, 'Show the comparison')),
    show: (count) => {
      text.textContent = count === 1 ? '1 surrogate picked' : `${count} surrogates picked`;
    },
  };
}
