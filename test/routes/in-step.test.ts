import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { InStep, type Step } from '../../src/routes/in-step.ts';

/** Steps that note what they do, and answer as `outcome` says. */
function noting(outcome: (work: string, step: string) => boolean | Promise<boolean> = (_, step) => step !== 'send') {
  const notes: string[] = [];
  const steps = ['read', 'run', 'send'].map((step): Step<string> => (work) => {
    notes.push(`${step} ${work}`);
    return outcome(work, step);
  });
  const inStep = new InStep(steps, (work, error) => { notes.push(`${work} failed: ${(error as Error).message}`); });
  return { notes, inStep };
}

describe('InStep', () => {
  it('takes all that came in a turn of the event loop through each step before the next', async () => {
    const { notes, inStep } = noting();
    for (const work of ['a', 'b', 'c']) inStep.add(work);
    expect(notes).toEqual([]);
    await turn();
    expect(notes).toEqual(['read a', 'read b', 'read c', 'run a', 'run b', 'run c', 'send a', 'send b', 'send c']);
  });

  it('leaves what comes meanwhile to the next turn', async () => {
    const { notes, inStep } = noting((work, step) => {
      if (work === 'a' && step === 'read') inStep.add('b');
      return step !== 'send';
    });
    inStep.add('a');
    await turn();
    expect(notes).toEqual(['read a', 'run a', 'send a']);
    await turn();
    expect(notes.slice(3)).toEqual(['read b', 'run b', 'send b']);
  });

  it('lets work that has to wait go on alone, and holds nobody up', async () => {
    let goOn!: (isMore: boolean) => void;
    const { notes, inStep } = noting((work, step) => (work === 'a' && step === 'read' ? new Promise((resolve) => { goOn = resolve; }) : step !== 'send'));
    for (const work of ['a', 'b']) inStep.add(work);
    await turn();
    expect(notes).toEqual(['read a', 'read b', 'run b', 'send b']);
    goOn(true);
    await turn();
    expect(notes.slice(4)).toEqual(['run a', 'send a']);
  });

  it('ends what says that there is no more to do, at once or later', async () => {
    const { notes, inStep } = noting((work) => (work === 'a' ? false : work === 'b' ? Promise.resolve(false) : true));
    for (const work of ['a', 'b', 'c']) inStep.add(work);
    await turn();
    expect(notes).toEqual(['read a', 'read b', 'read c', 'run c', 'send c']);
  });

  it.each(['read', 'run', 'send'])('tells of work that fails at its %s, at once or later, and goes on with the rest', async (failing) => {
    const { notes, inStep } = noting((work, step) => {
      if (step === failing && work === 'a') throw new Error('now');
      if (step === failing && work === 'b') return Promise.reject(new Error('later'));
      return step !== 'send';
    });
    for (const work of ['a', 'b', 'c']) inStep.add(work);
    await turn();
    expect(notes.filter((note) => note.includes('failed'))).toEqual(['a failed: now', 'b failed: later']);
    expect(notes.filter((note) => note.endsWith(' c'))).toEqual(['read c', 'run c', 'send c']);
    expect(notes.filter((note) => /^\w+ a$/.test(note))).toEqual(['read', 'run', 'send'].slice(0, ['read', 'run', 'send'].indexOf(failing) + 1).map((step) => `${step} a`));
  });
});
