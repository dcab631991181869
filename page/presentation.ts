import { element } from './dom.ts';

/**
 * Fills the window with a figure, in large type and without its controls, until Escape or the button in its corner.
 *
 * @param redraw draws the figure for the room that it has then.
 */
export function present(figure: HTMLElement, redraw: () => void): void {
  const before = document.activeElement;
  const leave = element('button', { type: 'button', class: 'leave', onclick: end }, 'Leave (Esc)');
  figure.append(leave);
  show(true);
  addEventListener('keydown', endByKey, true);
  addEventListener('resize', redraw);
  addEventListener('hashchange', end);
  leave.focus({ preventScroll: true });

  function show(isPresented: boolean): void {
    figure.classList.toggle('presented', isPresented);
    document.body.classList.toggle('presenting', isPresented);
    redraw();
  }

  function endByKey(event: KeyboardEvent): void {
    if (event.key !== 'Escape') return;
    // In a picture it is also the key that shows the whole range.
    event.stopPropagation();
    end();
  }

  function end(): void {
    removeEventListener('keydown', endByKey, true);
    removeEventListener('resize', redraw);
    removeEventListener('hashchange', end);
    leave.remove();
    show(false);
    if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  }
}
