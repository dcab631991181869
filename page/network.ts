import { numberText } from '../src/plot/scale.ts';
import { writeSurrogates } from './address.ts';
import type { ApiError } from './api.ts';
import { controls, withControls } from './controls.ts';
import { element } from './dom.ts';
import { fieldGroup } from './fields.ts';
import { networkFigure } from './network-figure.ts';
import type { Part, PartOptions } from './part.ts';
import { patientCall } from './patient-call.ts';
import { Picture, type Shown } from './picture.ts';
import { Rounds } from './rounds.ts';
import { Settings, type WrongField } from './settings.ts';
import { readouts, type Architecture, type Readout } from './spiking-classifier.ts';
import { SurrogatePicker } from './surrogate-picker.ts';
import { tableOf } from './table.ts';
import { batchSize, heldOutSize, Training, type Evaluation, type Post } from './training.ts';
import { classNames } from './yin-yang.ts';

const usualSurrogate = 'arctan(alpha:4)';
/** The picture is drawn anew after so many steps, or so long. */
const [stepsPerPicture, msPerPicture] = [20, 1000];
/** A page that is left open does not train for ever. */
const stepsPerStart = 2000;

/** A network that learns the yin-yang task: a training step is one request, and the weights stay in the page. */
export const network: Part = { title: 'Network', make: makeNetwork };

function makeNetwork(options: PartOptions): HTMLElement {
  const { catalogue, remember, report, left } = options;
  const settings = new Settings(options, () => {
    remember(settings.texts);
    changed();
  });
  const picker = new SurrogatePicker({
    catalogue,
    picked: settings.text('surrogate', usualSurrogate),
    single: usualSurrogate,
    report,
    onChange: () => {
      settings.set('surrogate', writeSurrogates(picker.picked));
      remember(settings.texts);
    },
  });
  const numbers = {
    hidden: settings.number('hidden', 120, { label: 'Hidden neurons', minimum: 1, maximum: 300, integer: true, slider: [10, 300] }),
    rate: settings.number('rate', 0.01, { label: 'Learning rate', minimum: 1e-6, maximum: 1, slider: [0.0005, 0.1], logarithmic: true }),
    seed: settings.number('seed', 1, {
      label: 'Seed',
      minimum: 0,
      maximum: 2 ** 31 - 1,
      integer: true,
      slider: [0, 100],
      hint: 'of samples and first weights',
    }),
    sample: settings.number('sample', 1, {
      label: 'Sample',
      minimum: 1,
      maximum: heldOutSize,
      integer: true,
      slider: [1, heldOutSize],
      hint: 'held out, whose spikes are shown',
    }),
  };
  const recurrent = settings.check('recurrent', false, { label: 'recurrent weights among them' });
  const readout = settings.choice<Readout>('readout', 'spikes', {
    label: 'Readout',
    choices: readouts,
    hint: 'the class with the largest',
  });
  const picture = new Picture({
    title: 'A spiking network learns the yin-yang task',
    fileName: 'network',
    onRetry: () => {
      if (failedInTraining) start();
      else rounds.refresh();
    },
  });

  const wrongFields = (): WrongField[] => [...picker.wrongFields, ...settings.wrongFields(Object.keys(numbers))];
  const chosen = (): { architecture: Architecture; seed: number } => ({
    architecture: { hidden: numbers.hidden.value()!, recurrent: recurrent.value()!, readout: readout.value()! },
    seed: numbers.seed.value()!,
  });
  let training: { readonly of: string; readonly training: Training } | undefined;
  /** The training of these settings: the one that is under way, or a new one. */
  const trainingOf = ({ architecture, seed }: ReturnType<typeof chosen>): Training => {
    const of = JSON.stringify([architecture, seed]);
    if (training?.of !== of) training = { of, training: new Training(architecture, seed) };
    return training.training;
  };
  let failedInTraining = false;
  let stopAt = 0;

  const toggle = element('button', { type: 'button', class: 'main' }, 'Start');
  const reset = element('button', { type: 'button' }, 'Reset');
  const state = element('p', { class: 'quiet', role: 'status' });
  const sayRunning = (isRunning: boolean): void => {
    toggle.textContent = isRunning ? 'Pause' : 'Start';
    state.textContent = isRunning ? 'Training' : training === undefined ? 'Untrained' : 'Paused';
  };
  const sayWait = (seconds: number): void => {
    if (seconds > 0) state.textContent = `The service asks to wait; the next request goes out in ${seconds} s`;
    else sayRunning(rounds.isRunning);
  };

  /** Trains for a while, where that is wanted, and shows what has come of it. */
  const round = async (signal: AbortSignal): Promise<void> => {
    const wrong = wrongFields();
    if (wrong.length > 0) {
      rounds.stop();
      picture.hold(wrong);
      return;
    }
    const current = trainingOf(chosen());
    const [surrogate, rate, index] = [picker.wire[0]!, numbers.rate.value()!, numbers.sample.value()! - 1];
    const post: Post = async (request) => {
      await visible();
      return patientCall(request, signal, sayWait);
    };
    const trained = rounds.isRunning ? trainForAWhile(() => current.train(post, { surrogate, rate })) : Promise.resolve();
    // What fails is said where the picture is filled.
    await trained.catch(() => undefined);
    const isShown = await picture.fill(
      signal,
      async () => {
        await trained;
        return shownOf(current, await current.evaluate(post, index));
      },
      complain,
    );
    if (!isShown && !signal.aborted) {
      failedInTraining = rounds.isRunning;
      rounds.stop();
    } else if (rounds.isRunning && current.step >= stopAt) {
      rounds.stop();
      state.textContent = `Paused after ${stepsPerStart} steps; Start goes on`;
    }
  };
  const complain = (errors: ApiError['errors']): void => {
    picker.complain(errors.map(({ path, message }) => ({ path: path.replace(/^\/layers\/\d+\/surrogate\//, '/surrogate/0/'), message })));
  };
  const rounds = new Rounds({ round, onRunning: sayRunning, left });

  const start = (): void => {
    stopAt = (training?.training.step ?? 0) + stepsPerStart;
    rounds.start();
  };
  const changed = (): void => {
    const { architecture, seed } = chosen();
    if (JSON.stringify([architecture, seed]) === training?.of) rounds.refresh();
    else rounds.restart();
  };
  toggle.addEventListener('click', () => {
    if (rounds.isRunning) rounds.pause();
    else start();
  });
  reset.addEventListener('click', () => {
    training = undefined;
    rounds.pause();
  });
  sayRunning(false);
  rounds.refresh();
  settings.reportUnknown();

  return withControls(
    controls(
      'Settings',
      fieldGroup('Network', numbers.hidden.element, recurrent.element, readout.element),
      fieldGroup('Surrogate', picker.element),
      fieldGroup('Training', numbers.rate.element, numbers.seed.element),
      fieldGroup('Spikes of one sample', numbers.sample.element),
    ),
    [
      element('div', { class: 'run' }, toggle, reset, state),
      picture.element,
      element(
        'p',
        { class: 'quiet' },
        `The yin-yang task (Kriener et al. 2021): is a point in yin, in yang or in a dot? x, y, 1 − x and 1 − y are the currents of 20 steps. A training step is one request, for the gradients of ${batchSize} samples; the weights and Adam are in the page. A second request runs the network on the sample shown, and one like it on the map and on ${heldOutSize} held-out samples, which are never trained on.`,
      ),
    ],
  );
}

async function trainForAWhile(train: () => Promise<void>): Promise<void> {
  const begunAt = performance.now();
  for (let n = 0; n < stepsPerPicture && performance.now() - begunAt < msPerPicture; n++) await train();
}

function shownOf(training: Training, evaluation: Evaluation): Shown {
  const history = [...training.history];
  const { step, heldOutLoss, heldOutAccuracy } = history.at(-1)!;
  const { sample, predicted, requests, metas, roundTripMs } = evaluation;
  const column = (name: keyof (typeof history)[number]): (number | string)[] => history.map((progress) => progress[name] ?? '');
  const verdict = `is of class ${classNames[sample.label]!}${predicted === sample.label ? '' : `, and is taken for ${classNames[predicted]!}`}`;
  return {
    draw: (room) => networkFigure({ evaluation, heldOut: training.heldOut, history }, room),
    table: () =>
      tableOf([
        ['step', column('step')],
        ['training loss', column('trainingLoss')],
        ['held-out loss', column('heldOutLoss')],
        ['training accuracy', column('trainingAccuracy')],
        ['held-out accuracy', column('heldOutAccuracy')],
        ['spikes per hidden neuron', column('hiddenSpikes')],
      ]),
    requests,
    metas,
    roundTripMs,
    summary: `Step ${step}: ${numberText(100 * heldOutAccuracy, 3)} % of held-out samples are right, their loss is ${numberText(heldOutLoss, 3)}. The sample shown ${verdict}.`,
  };
}

/** Settled once the tab can be seen: one in the background asks for nothing. */
async function visible(): Promise<void> {
  while (document.hidden)
    await new Promise((resolve) => {
      document.addEventListener('visibilitychange', resolve, { once: true });
    });
}
