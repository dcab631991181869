import { describe, expect, it } from 'vitest';
import { cutOf, HalvesBoard } from '../../src/codecs/text-halves.ts';

describe('where a text is cut', () => {
  it.each([
    ['[1,2,3,4,5,6]', '4,5,6]'], ['[1, 2, 3, 4, 5, 6]', ' 5, 6]'], ['[[1,2],[3,4],[5,6],[7,8]]', '6],[7,8]]'], ['[1.5,-2.5,-3.5]', '-3.5]'],
  ])('%s', (text, behind) => { expect(text.slice(cutOf(Buffer.from(text)))).toBe(behind); });

  it.each(['', '1', ',', '[1,"a","b"]', '[1]', `[${'[1],'.repeat(10)}[1]]`, `{"x":"${'a'.repeat(10_000)}","y":[1,2]}`])('nowhere in %s', (text) => {
    expect(cutOf(Buffer.from(text))).toBeUndefined();
  });
});

describe('two threads that read a text', () => {
  it('the first is alone when nobody has come, and then nobody may come', () => {
    const board = new HalvesBoard(HalvesBoard.memory(1));
    expect(board.secondLook()).toBeUndefined();
    expect(board.come()).toBe(false);
    expect(board.ask(64, 1)).toBe(false);
  });

  it('nobody may come once the first has left', () => {
    const board = new HalvesBoard(HalvesBoard.memory(1));
    board.leave();
    expect(board.come()).toBe(false);
  });

  it('one may come; when it fails, the first is alone', () => {
    const board = new HalvesBoard(HalvesBoard.memory(1));
    expect(board.come()).toBe(true);
    expect(board.come()).toBe(false);
    expect(board.isOpen).toBe(true);
    board.giveUp();
    expect(board.isOpen).toBe(false);
    expect(board.secondLook()).toBeUndefined();
  });

  it('tells of one that stays away', { timeout: 20_000 }, () => {
    const board = new HalvesBoard(HalvesBoard.memory(1));
    board.come();
    expect(board.secondLook()).toBeUndefined();
    expect(board.isOpen).toBe(true);
  });
});
