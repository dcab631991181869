import type { ArrayPart } from './json-numbers/number-codec.ts';
import { deepest } from './json-numbers/layout.ts';

/** How far from the middle a text may be cut. */
const mostOff = 4096;
/** How long one thread waits for the other, which looks through a text in milliseconds and reads it in tens of them. */
const patienceMs = { look: 1000, numbers: 10_000 };

/** i32 on the board: where the two threads stand, and what they tell each other. */
const words = { state: 0, cut: 1, commas: 2, isAscii: 3, out: 4, depth: 5, isRead: 6, end: 7, count: 8, elements: 9, lengths: 10 + deepest };
const boardWords = 11 + 2 * deepest;
/**
 * offered: nobody has come for the second half. looking: somebody has, and looks through it. ready: it was looked through. asked: its numbers
 * are to be read. done: they were. over: nobody will do anything.
 */
const states = { offered: 0, looking: 1, ready: 2, asked: 3, done: 4, over: 5 } as const;

/** Where a text is cut for two threads: behind a comma between two numbers of a row, near the middle; undefined where there is none. */
export function cutOf(text: Uint8Array): number | undefined {
  const middle = text.length >> 1;
  const end = Math.min(middle + mostOff, text.length - 1);
  for (let i = Math.max(middle, 1); i < end; i++) {
    if (text[i] === comma && isDigit(text[i - 1]!) && mayBeginNumber(text[i + 1]!)) return i + 1;
  }
  return undefined;
}

const [comma, minus] = [0x2c, 0x2d];
const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;
/** A digit, a sign, or white space before them. */
const mayBeginNumber = (byte: number): boolean => isDigit(byte) || byte === minus || byte <= 0x20;

/** What the look through a text finds. */
export interface Look {
  readonly commas: number;
  readonly isAscii: boolean;
}

/** The thread that reads the second half, as the one that reads the first sees it. */
export interface SecondReader {
  /** Where in the text its half begins. */
  readonly cut: number;
  /** What the second half holds; undefined when nobody is there. */
  secondLook(): Look | undefined;
  /** Has the numbers behind the cut read, to an address; whether somebody is there to do it. */
  ask(out: number, depth: number): boolean;
  /**
   * What was read; undefined when it is no array.
   *
   * @throws {Error} when the thread is lost.
   */
  awaitAnswer(): ArrayPart | undefined;
}

/**
 * What two threads that read the two halves of a text tell each other. The first may find nobody on the other side, and then does all
 * itself; the second does nothing that the first does not wait for.
 */
export class HalvesBoard implements SecondReader {
  readonly #words: Int32Array;

  /** @param memory made by `memory()`, the same on both sides. */
  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  static memory(cut: number): SharedArrayBuffer {
    const memory = new SharedArrayBuffer(4 * boardWords);
    new Int32Array(memory)[words.cut] = cut;
    return memory;
  }

  get cut(): number {
    return this.#words[words.cut]! >>> 0;
  }

  /** Second thread: whether the second half is still to be read; if so, the first thread will wait. */
  come(): boolean {
    return this.#change(states.offered, states.looking);
  }

  /** Second thread: tells what it found, and waits for what to do with the numbers; undefined for nothing. */
  awaitRequest(look: Look): { readonly out: number; readonly depth: number } | undefined {
    this.#words[words.commas] = look.commas;
    this.#words[words.isAscii] = Number(look.isAscii);
    this.#set(states.ready);
    this.#waitWhile(states.ready, patienceMs.numbers);
    if (this.#change(states.ready, states.over) || this.#state() !== states.asked) return undefined;
    return { out: this.#words[words.out]! >>> 0, depth: this.#words[words.depth]! };
  }

  /** Second thread: tells what was read, the address where it stopped when it was no array. */
  answer(part: ArrayPart | number): void {
    const all = this.#words;
    all[words.isRead] = Number(typeof part !== 'number');
    if (typeof part !== 'number') {
      all[words.end] = part.end;
      all[words.count] = part.count;
      all.set(part.elements, words.elements);
      all.set(part.lengths, words.lengths);
    }
    this.#set(states.done);
  }

  secondLook(): Look | undefined {
    if (this.#change(states.offered, states.over)) return undefined;
    this.#waitWhile(states.looking, patienceMs.look);
    if (this.#state() !== states.ready) return undefined;
    return { commas: this.#words[words.commas]!, isAscii: this.#words[words.isAscii] === 1 };
  }

  ask(out: number, depth: number): boolean {
    this.#words[words.out] = out;
    this.#words[words.depth] = depth;
    return this.#change(states.ready, states.asked);
  }

  awaitAnswer(): ArrayPart | undefined {
    this.#waitWhile(states.asked, patienceMs.numbers);
    if (this.#state() !== states.done) throw new Error('the thread that reads the second half of a body is lost');
    const all = this.#words;
    if (all[words.isRead] === 0) return undefined;
    const depth = all[words.depth]!;
    const byDepth = (at: number) => Array.from(all.subarray(at, at + depth + 1));
    return { end: all[words.end]! >>> 0, count: all[words.count]!, depth, elements: byDepth(words.elements), lengths: byDepth(words.lengths) };
  }

  /** First thread: it asks for no more. From then on the second does not touch the text, nor what is around it. */
  leave(): void {
    this.#waitWhile(states.looking, patienceMs.look);
    this.#change(states.offered, states.over);
    this.#change(states.ready, states.over);
  }

  /** Second thread: it does no more, whatever it was asked for. */
  giveUp(): void {
    this.#change(states.looking, states.over);
    this.#change(states.asked, states.over);
  }

  /** Whether the second thread may still be at work, though the first waits no longer. */
  get isOpen(): boolean {
    return this.#state() === states.looking || this.#state() === states.asked;
  }

  #state(): number {
    return Atomics.load(this.#words, words.state);
  }

  #set(state: number): void {
    Atomics.store(this.#words, words.state, state);
    Atomics.notify(this.#words, words.state);
  }

  #change(from: number, to: number): boolean {
    const isChanged = Atomics.compareExchange(this.#words, words.state, from, to) === from;
    if (isChanged) Atomics.notify(this.#words, words.state);
    return isChanged;
  }

  #waitWhile(state: number, patience: number): void {
    Atomics.wait(this.#words, words.state, state, patience);
  }
}
