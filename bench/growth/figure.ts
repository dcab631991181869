import type { Axis, Figure, Line } from '../../src/plot/figure.ts';
import { decadeDomain } from '../../src/plot/scale.ts';
import { passes, type Pass, type Size } from './exchange.ts';
import { secondsOf, type Growth } from './report.ts';
import type { Timed } from './time.ts';

/** Time against neurons and against steps, and memory against neurons, all logarithmic: what grows in proportion is a straight line. */
export function growthFigure({ byNeurons, bySteps, memory }: Growth): Figure {
  const counts = [...new Set(bySteps.map(({ neurons }) => neurons))];
  const neuronLines = passes.map((pass) =>
    timeLine(
      pass,
      byNeurons.filter((timed) => timed.pass === pass),
      'neurons',
      styleOf(pass),
    ),
  );
  const stepLines = passes.flatMap((pass) =>
    counts.map((count, i) =>
      timeLine(
        `${pass}, ${count} ${count === 1 ? 'neuron' : 'neurons'}`,
        bySteps.filter((timed) => timed.pass === pass && timed.neurons === count),
        'steps',
        styleOf(pass) + 2 * (i + 1),
      ),
    ),
  );
  const steps = byNeurons[0]!.steps;
  const gradients = memory.filter((one) => one.steps === steps && one.pass === 'gradient');
  const memoryLine = (of: 'admitted' | 'resident', style: number): Line =>
    line(
      `gradient: ${of}`,
      style,
      gradients.map(({ neurons }) => neurons),
      gradients.map((one) => one[`${of}Bytes`] / 1e6),
    );
  const memoryLines: Line[] = [{ ...memoryLine('admitted', 6), dashed: true }, memoryLine('resident', 6)];
  return {
    title: 'Time and memory of LIF jobs against neurons and against steps',
    width: 960,
    height: 380,
    columns: 3,
    panels: [
      panel(`Time, ${steps} steps, ms`, 'neurons', neuronLines),
      panel('Time, ms', 'steps', stepLines),
      panel(`Memory, ${steps} steps, MB`, 'neurons', memoryLines),
    ],
  };
}

function styleOf(pass: Pass): number {
  return passes.indexOf(pass);
}

function timeLine(label: string, sizes: readonly Timed[], along: keyof Pick<Size, 'neurons' | 'steps'>, style: number): Line {
  return line(
    label,
    style,
    sizes.map((size) => size[along]),
    sizes.map((size) => 1000 * secondsOf(size)),
  );
}

function line(label: string, style: number, x: readonly number[], y: readonly number[]): Line {
  return { kind: 'line', label, style, x, y };
}

function panel(title: string, along: string, marks: readonly Line[]): Figure['panels'][number] {
  const axis = (values: readonly ArrayLike<number>[]): Axis => ({ domain: decadeDomain(values), log: true });
  return { title, x: { ...axis(marks.map(({ x }) => x)), label: along }, y: axis(marks.map(({ y }) => y)), marks };
}
