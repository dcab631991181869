/** What a word stands for in a request. */
export interface Meaning {
  /** A JSON pointer into the request; a setting of the neuron `general` has its group as a segment. */
  readonly path: string;
  /** The value of that field, where the word stands for one. */
  readonly value?: string | boolean | null;
  /** The library to whose neurons it applies, '' for those of no library; any unless given. */
  readonly library?: string;
  /** The conversion, or what else to know; `{term}` is the word. */
  readonly remark?: string;
}

/** A word of the field that is not one of this service, or not in the place where it is used elsewhere. */
export interface Term {
  readonly term: string;
  /** The libraries whose word it is; none for a word of the field at large. */
  readonly libraries: readonly string[];
  /** Whether it is the name of a field or the value of one. */
  readonly role: 'field' | 'value';
  /** The kind of value with which a field has these meanings; any unless given. */
  readonly given?: 'null' | 'number';
  /** The best first; the first that a request has is right. */
  readonly meanings: readonly Meaning[];
}

/** @param words each with the libraries whose word it is: `v_threshold (SpikingJelly, Slax), thr`. */
function terms(role: Term['role'], meanings: readonly Meaning[], words: string): readonly Term[] {
  return words.split(/,\s+(?![^(]*\))/).map((word) => {
    const [, term, libraries] = /^(\w+)(?: \((.+)\))?$/.exec(word)!;
    return { term: term!, libraries: libraries?.split(', ') ?? [], role, meanings };
  });
}

function fields(meanings: readonly Meaning[], words: string, given?: Term['given']): readonly Term[] {
  return terms('field', meanings, words).map((term) => ({ ...term, ...(given && { given }) }));
}

function values(meanings: readonly Meaning[], words: string): readonly Term[] {
  return terms('value', meanings, words);
}

/** The same quantity of several models. */
function neuron(...names: string[]): readonly Meaning[] {
  return names.map((name) => ({ path: `/neuron/${name}` }));
}

/** Fields that are the inverse of the word's value, or another function of it. */
function converted(library: string, name: string, remark: string): Meaning {
  return { path: `/neuron/${name}`, library, remark };
}

const timeConstant: readonly Meaning[] = [
  { path: '/neuron/tau', library: '', remark: 'It is in ms.' },
  converted('brainpy.state', 'tau', 'It is in ms.'),
  converted('spikingjelly', 'tau', 'It is in steps.'),
  converted('spikingjelly', 'init_tau', 'It is in steps.'),
  converted('spikingjelly', 'v_decay', 'v_decay = exp(-dt/{term}).'),
  converted('snntorch', 'beta', 'beta = exp(-dt/{term}).'),
  converted('spyx', 'beta', 'beta = exp(-dt/{term}).'),
  converted('snnax', 'alpha', 'alpha = exp(-dt/{term}).'),
  converted('', 'leak', 'leak = exp(-dt/{term}).'),
  converted('norse', 'tau_mem_inv', 'tau_mem_inv = 1/{term}, in 1/s.'),
  converted('sinabs', 'tau_mem', 'It is in steps.'),
  converted('rockpool', 'tau_mem', 'It is in s.'),
  converted('stork', 'tau_mem', 'It is in s.'),
  converted('nir', 'tau_mem', 'It is in s.'),
  converted('nir', 'tau', 'It is in s.'),
  converted('bindsnet', 'tc_decay', 'It is in ms.'),
  converted('lava', 'voltage_decay', 'voltage_decay = 1 - exp(-dt/{term}).'),
];

const decayFactor: readonly Meaning[] = [
  {
    path: '/neuron/tau',
    library: '',
    remark:
      'From a decay factor a step, tau = -dt/ln({term}) with "integration": "exponential", or dt/(1-{term}) with "euler". The neuron that has it is {"model": "snntorch.Leaky", "beta": ...}.',
  },
  { path: '/neuron/leak', library: '' },
  { path: '/neuron/beta', library: 'snntorch' },
  { path: '/neuron/beta', library: 'spyx' },
  { path: '/neuron/v_decay', library: 'spikingjelly' },
  converted('snnax', 'alpha', 'It is the decay factor a step.'),
  converted('spikingjelly', 'tau', 'tau = 1/(1-{term}), in steps.'),
  converted('spikingjelly', 'init_tau', 'init_tau = 1/(1-{term}), in steps.'),
  converted('brainpy.state', 'tau', 'tau = -dt/ln({term}), in ms.'),
  converted('norse', 'tau_mem_inv', 'tau_mem_inv = (1-{term})/dt, in 1/s.'),
  converted('sinabs', 'tau_mem', 'tau_mem = -1/ln({term}), in steps.'),
  converted('rockpool', 'tau_mem', 'tau_mem = -dt/ln({term}), in s.'),
  converted('stork', 'tau_mem', 'tau_mem = -dt/ln({term}), in s.'),
  converted('slax', 'tau', 'Its decay is sigmoid(tau): tau = ln({term}/(1-{term})).'),
  converted('bindsnet', 'tc_decay', 'tc_decay = -dt/ln({term}), in ms.'),
  converted('lava', 'voltage_decay', 'voltage_decay = 1-{term}.'),
];

const threshold = neuron('v_threshold', 'threshold', 'v_th', 'V_th', 'thresh', 'spike_threshold');
const resetPotential: readonly Meaning[] = [
  ...neuron('v_reset', 'V_reset', 'reset_val', 'reset/value'),
  { path: '/neuron/reset', library: 'bindsnet' },
  { path: '/neuron/reset', library: 'hxtorch' },
];
const restPotential: readonly Meaning[] = [...neuron('v_rest', 'V_rest', 'v_leak', 'rest'), { path: '/neuron/leak', library: 'hxtorch' }];
const resistance = neuron('resistance', 'R', 'r');
const conductance: Meaning = { path: '/neuron/resistance', library: '', remark: 'resistance = 1/{term}.' };
const capacitance: Meaning = { path: '/neuron/resistance', library: '', remark: 'resistance = tau/{term}.' };
const refractoriness: readonly Meaning[] = [
  { path: '/neuron/refractory', library: '', remark: 'It is in ms.' },
  ...neuron('tau_ref', 'refrac', 'rho_reset', 'refractory/steps'),
];
const inputScaling = neuron('input_scaling', 'decay_input', 'norm_input');
const resetKind: readonly Meaning[] = [
  {
    path: '/neuron/reset',
    library: '',
    remark: '"soft" subtracts the threshold ("subtract" elsewhere), "hard" puts v to v_reset ("zero"), "none" does neither.',
  },
  ...neuron('reset_mechanism', 'spk_reset', 'reset_method', 'reset_fn', 'subtraction_reset', 'reset/kind'),
  { path: '/neuron/v_reset', library: 'spikingjelly', remark: 'null is the soft reset.' },
];
const softReset: readonly Meaning[] = [
  { path: '/neuron/reset', value: 'soft' },
  { path: '/neuron/reset_mechanism', value: 'subtract' },
  { path: '/neuron/spk_reset', value: 'soft' },
  { path: '/neuron/reset_method', value: 'reset_subtract' },
  { path: '/neuron/reset_fn', value: 'MembraneSubtract' },
  { path: '/neuron/subtraction_reset', value: true },
  { path: '/neuron/v_reset', library: 'spikingjelly', value: null },
  { path: '/neuron/reset/kind', value: 'soft' },
];
const hardReset: readonly Meaning[] = [
  { path: '/neuron/reset', value: 'hard' },
  { path: '/neuron/reset_mechanism', value: 'zero' },
  { path: '/neuron/spk_reset', value: 'hard' },
  { path: '/neuron/reset_method', value: 'reset_value' },
  { path: '/neuron/reset_fn', value: 'MembraneReset' },
  { path: '/neuron/subtraction_reset', value: false },
  { path: '/neuron/reset/kind', value: 'hard' },
];
const noReset: readonly Meaning[] = [
  { path: '/neuron/reset', value: 'none' },
  { path: '/neuron/reset_mechanism', value: 'none' },
  { path: '/neuron/no_reset', value: true },
  { path: '/neuron/reset/kind', value: 'none' },
];
const detachment: readonly Meaning[] = [
  { path: '/detach_reset', library: '' },
  ...neuron('detach_reset', 'stop_reset_grad'),
  { path: '/neuron/diff_reset', remark: 'It is the opposite.' },
];
const initialPotential = neuron('v_init', 'V_init');
const timeStep: readonly Meaning[] = [
  { path: '/dt', library: '', remark: 'It is in ms.' },
  ...neuron('dt', 'time_step'),
  { path: '/dt', remark: 'It is in ms, and scales rates and times only.' },
];
const exponential: readonly Meaning[] = [
  { path: '/neuron/integration', value: 'exponential' },
  { path: '/neuron/discretization', value: 'exponential' },
  { path: '/neuron/drift/integration', value: 'exponential' },
];
const euler: readonly Meaning[] = [
  { path: '/neuron/integration', value: 'euler' },
  { path: '/neuron/discretization', value: 'euler' },
  { path: '/neuron/drift/integration', value: 'euler' },
];
const input: readonly Meaning[] = [{ path: '/current' }, { path: '/x' }];
const surrogate: Meaning = { path: '/surrogate' };
const steepness = ['alpha', 'slope', 'k', 'beta', 'scale'].map((name): Meaning => ({ path: `/surrogate/${name}` }));
const width = ['width', 'w', 'grad_width', 'sigma', 'lens', 'learning_window'].map((name): Meaning => ({ path: `/surrogate/${name}` }));

/** The surrogates that a word may mean. */
function surrogates(...names: string[]): readonly Meaning[] {
  return names.map((value) => ({ path: '/surrogate/name', value }));
}

/** The model that a word means. */
function model(value: string): readonly Meaning[] {
  return [{ path: '/neuron/model', value }];
}

/** A neuron of no library that has a field which `lif` lacks. */
function ownModel(model: string, field: string): Meaning {
  return { path: '/neuron/model', library: '', value: model, remark: `It has "${field}".` };
}

/**
 * The words that users of the field's libraries send, and what they are here: errors, docs/lif.md and `GET /neurons` say it from this table.
 * A word that is right for a request's own model is no error, and so is not looked up.
 */
export const vocabulary: readonly Term[] = [
  ...fields(
    threshold,
    `threshold (snnTorch, Rockpool, Spyx, snnax, hxtorch, Lava), v_threshold (SpikingJelly, Slax, NIR), v_th (Norse),
    V_th (brainpy.state, NEST), thresh (BindsNET), v_thresh (PyNN), spike_threshold (Sinabs), vth (Lava), thr, theta`,
  ),
  ...fields(resetPotential, 'V_reset (brainpy.state, NEST), v_reset, reset_val (snnax), reset_potential, reset_voltage'),
  ...fields(
    [{ path: '/neuron/v_reset', library: '', remark: 'A number is the potential after a hard reset.' }],
    'reset (BindsNET, hxtorch)',
    'number',
  ),
  ...fields(
    softReset.map((meaning) => ({ ...meaning, remark: "SpikingJelly's null is the soft reset, which subtracts the threshold." })),
    'v_reset (SpikingJelly)',
    'null',
  ),
  ...fields(
    restPotential,
    `V_rest (brainpy.state), v_rest (PyNN), v_leak (Norse, NIR), E_L (NEST), El (Brian2), rest (BindsNET), leak (hxtorch),
    resting_potential`,
  ),
  ...fields(resistance, 'R (snnTorch, brainpy.state), r (NIR), resistance, R_m, Rm'),
  ...fields([conductance], 'g_L (NEST), g_l (hxtorch), gL (Brian2)'),
  ...fields([capacitance], 'C_m (NEST), C (snnTorch), cm (PyNN), capacitance'),
  ...fields(
    timeConstant,
    `tau (SpikingJelly, brainpy.state, NIR), tau_m (NEST, PyNN), tau_mem (Sinabs, Rockpool, stork), init_tau (SpikingJelly),
    tc_decay (BindsNET), taum (Brian2), tau_rc (Nengo), time_constant`,
  ),
  ...fields([{ path: '/neuron/tau', library: '', remark: 'It is in ms: tau = 1000/{term} for a rate in 1/s.' }], 'tau_mem_inv (Norse)'),
  ...fields(decayFactor, 'beta (snnTorch, Spyx), decay, decay_rate, v_decay (SpikingJelly), leak_factor'),
  ...fields(
    [{ path: '/neuron/tau', library: '', remark: 'tau = -dt/ln(1-{term}) with "integration": "exponential", or dt/{term} with "euler".' }],
    'voltage_decay (Lava), dv (Lava)',
  ),
  ...fields(
    refractoriness,
    `tau_ref (brainpy.state, Nengo), t_ref (NEST), refrac (BindsNET), tau_refrac (PyNN), refractory_period, refractory_time,
    t_refractory, tau_refractory`,
  ),
  ...fields([{ path: '/neuron/refractory', library: '', remark: 'It is in ms, not in steps.' }], 'rho_reset (Norse), refractory_steps'),
  ...fields(inputScaling, 'decay_input (SpikingJelly), norm_input (Sinabs), input_scaling'),
  ...fields(
    resetKind,
    `reset_mechanism (snnTorch), spk_reset (brainpy.state), reset_method (Norse), reset_fn (Sinabs), reset_mode, reset_type,
    reset`,
  ),
  ...fields(softReset, 'soft_reset, subtraction_reset (Slax), subtract_reset'),
  ...fields(hardReset, 'hard_reset, zero_reset'),
  ...fields(noReset, 'no_reset (Slax)'),
  ...fields(detachment, 'detach_reset (SpikingJelly), stop_reset_grad (snnax), detach'),
  ...fields([{ path: '/detach_reset', library: '', remark: 'It is the opposite.' }], 'diff_reset (stork)'),
  ...fields(initialPotential, 'V_init (brainpy.state), V_m (NEST), v0, v_0, init_v, v, mem (snnTorch), init_mem'),
  ...fields(
    [{ path: '/neuron/v_min' }, { path: '/neuron/min_v_mem' }, { path: '/neuron/lbound' }],
    'min_v_mem (Sinabs), lbound (BindsNET), V_min (NEST), v_min',
  ),
  ...fields(
    [...neuron('tau_syn', 'tau_syn_inv'), ownModel('cuba_lif', 'tau_syn')],
    'tau_syn (Sinabs, Rockpool, stork), tau_syn_inv (Norse), tau_syn_ex (NEST), tau_syn_E (PyNN)',
  ),
  ...fields(
    [...neuron('tau_adaptation', 'tau_adapt', 'tau_a', 'tau_adapt_inv'), ownModel('alif', 'tau_adaptation')],
    'tau_adapt (Sinabs), tau_a (brainpy.state), tau_adapt_inv (Norse), tau_adaptation',
  ),
  ...fields([...neuron('delta', 'delta_T'), ownModel('eif', 'delta')], 'delta_T (SpikingJelly, Norse, brainpy.state), Delta_T (NEST)'),
  ...fields(timeStep, 'dt (Norse, Rockpool), time_step (snnTorch, stork), timestep (PyNN), delta_t, step_size'),

  ...fields(
    input,
    `x, I, input, inputs, current, currents, input_current, x_seq (SpikingJelly), I_e (NEST), I_ext (Brian2),
    i_offset (PyNN), cur (snnTorch), cur_in (snnTorch), data`,
  ),
  ...fields([{ path: '/x', remark: 'x is v - v_threshold.' }], 'v, mem (snnTorch), u, v_minus_threshold'),
  ...fields([{ path: '/steps' }], 'num_steps (snnTorch), T (SpikingJelly), timesteps, time_steps, n_steps, steps'),
  ...fields([{ path: '/steps', remark: 'steps = {term}/dt.' }], 'time (BindsNET), duration (Brian2), sim_time, simtime (PyNN)'),
  ...fields(
    [surrogate],
    `spike_grad (snnTorch), surrogate_function (SpikingJelly), spk_fun (brainpy.state), surrogate_grad_fn (Sinabs),
    spike_generation_fn (Rockpool), activation (Spyx, stork), surrogate, surrogate_grad, surrogate_gradient, surrogate_fn,
    spike_fn (snnax), spike_function, method (Norse)`,
  ),
  ...fields([{ path: '/surrogate/name' }], 'method (Norse), type, kind, function, fn, id, surrogate'),
  ...fields(
    steepness,
    `alpha (SpikingJelly, snnTorch, Norse), slope (snnTorch, Slax), k (Spyx), beta (stork, snnax), scale (SpyTorch),
    steepness, sharpness, gain`,
  ),
  ...fields(
    [
      {
        path: '/surrogate',
        remark:
          'An alpha that shapes a surrogate stands in it, {"name": ..., "alpha": ...}; one that is the decay factor of a synaptic current is "tau_syn" of {"model": "cuba_lif"}, or {"model": "snntorch.Synaptic", "alpha": ...}.',
      },
    ],
    'alpha (snnTorch, Norse)',
  ),
  ...fields(width, 'width, grad_width (Sinabs), w, window, lens (Slax), sigma, learning_window (Rockpool)'),
  ...fields([{ path: '/neuron/model' }], 'model, neuron_model, neuron_type, cell, node'),
  ...fields([{ path: '/neuron' }], 'neuron, neurons, params, neuron_params, parameters'),
  ...fields([{ path: '/state' }], 'state, initial_state, init_state'),
  ...fields(
    [{ path: '/record' }, { path: '/outputs' }],
    'record, recordables (NEST), record_from (NEST), monitors (BindsNET), state_vars (BindsNET), outputs, output, return',
  ),
  ...fields(
    [{ path: '/record', remark: 'It lists what comes back, such as ["v"].' }],
    'store_v_seq (SpikingJelly), record_states (Sinabs)',
  ),
  ...fields([{ path: '/wrt' }], 'wrt, requires_grad, argnums, gradients, grad'),
  ...fields(
    [{ path: '/wrt', remark: 'It lists what to differentiate by, such as ["v_threshold"].' }],
    'learn_beta (snnTorch), learn_threshold (snnTorch), learn_alpha (snnTorch)',
  ),
  ...fields(
    [{ path: '/cotangent' }, { path: '/loss', remark: 'It is {"type": "cotangent", "spikes": ..., "v": ...}.' }],
    'cotangent, cotangents, grad_output, upstream',
  ),
  ...fields([{ path: '/loss' }], 'loss, loss_fn, criterion'),
  ...fields([{ path: '/loss/target' }], 'target, targets, target_rate, rate, label'),
  ...fields([{ path: '/loss/type' }], 'name, kind, method, fn'),
  ...fields([{ path: '/loss/spikes' }], 'spk (snnTorch), cotangent_spikes, s'),
  ...fields([{ path: '/loss/v' }, { path: '/state/v' }], 'mem (snnTorch), cotangent_v, v_seq (SpikingJelly), v_mem (Sinabs), V_m (NEST)'),
  ...fields([{ path: '/encoding' }], 'format'),
  ...fields([{ path: '/backend' }], 'device'),
  ...fields([{ path: '/dtype' }], 'precision'),

  ...values(
    exponential,
    'exp, exact (Brian2), exponential_euler (Brian2), exp_euler (BrainPy), exp_auto (BrainPy), linear (Brian2), analytic',
  ),
  ...values(euler, 'forward_euler, explicit_euler'),
  ...values(
    softReset,
    `subtract (snnTorch), soft (brainpy.state), reset_by_subtraction, reset_subtract (Norse), subtraction,
    MembraneSubtract (Sinabs), soft_reset`,
  ),
  ...values(
    hardReset,
    `zero (snnTorch), hard (brainpy.state), reset_to_zero, to_zero, reset_value (Norse), MembraneReset (Sinabs), hard_reset,
    v_reset`,
  ),
  ...values(noReset, 'no_reset (Slax), off, false'),
  ...values([{ path: '/dtype', value: 'float32' }], 'float (PyTorch), single, f32, fp32'),
  ...values([{ path: '/dtype', value: 'float64' }], 'double (PyTorch), f64, fp64'),
  ...values([{ path: '/backend', value: 'tensorflow' }], 'gpu, cuda (PyTorch)'),
  ...values([{ path: '/backend', value: 'wasm' }], 'cpu (PyTorch)'),
  ...values(surrogates('norse.superspike'), 'super (Norse)'),
  ...values(surrogates('snntorch.straight_through_estimator', 'spikingjelly.DeterministicPass'), 'ste, straight_through, identity'),
  ...values(surrogates('spikingjelly.Rect', 'spyx.boxcar'), 'box, rectangular, rectangle, rectangle_window, window'),
  ...values(surrogates('norse.triangle', 'spyx.triangular', 'piecewise_quadratic'), 'tri, tent (Norse), hat, piecewise_linear'),
  ...values(surrogates('relu_grad'), 'relu'),
  ...values(surrogates('gaussian_grad', 'sinabs.Gaussian'), 'gauss, normal'),
  ...values(surrogates('arctan', 'snntorch.atan', 'spikingjelly.ATan'), 'arctangent, lorentzian'),
  ...values(surrogates('piecewise_exp', 'slayer_grad', 'sinabs.SingleExponential'), 'exp, exponential, laplace'),
  ...values(surrogates('slayer_grad', 'lava.Spike'), 'slayer (Lava)'),
  ...values(surrogates('inv_square_grad', 'snntorch.fast_sigmoid'), 'inverse_square, inv_square'),
  ...values(surrogates('snntorch.spike_rate_escape'), 'sre, escape'),
  ...values(surrogates('nonzero_sign_log'), 'sign_log'),
  ...values(surrogates('sigmoid'), 'logistic, sigmoid_derivative'),
  ...values(model('lif'), 'LIFNeuron, leaky_integrate_and_fire, iaf_psc_delta (NEST)'),
  ...values(model('cuba_lif'), 'iaf_psc_exp (NEST), IF_curr_exp (PyNN)'),
  ...values(model('norse.LIF'), 'LIFCell (Norse)'),
  ...values(model('norse.LIFRecurrent'), 'LIFRecurrentCell (Norse)'),
  ...values(model('norse.LIFBox'), 'LIFBoxCell (Norse)'),
  ...values(model('norse.LSNN'), 'LSNNCell (Norse)'),
  ...values(model('spikingjelly.ParametricLIFNode'), 'PLIF, PLIFNode'),
  ...values(model('sinabs.IAF'), 'IAFSqueeze (Sinabs)'),
  ...values(model('sinabs.LIF'), 'LIFSqueeze (Sinabs)'),
  ...values(model('rockpool.LIFTorch'), 'LIFJax (Rockpool)'),
  ...values(
    [{ path: '/loss/type', value: 'firing_rate_mse' }],
    'mse, mse_loss (PyTorch), mse_rate, rate_mse, firing_rate, mse_count_loss (snnTorch)',
  ),
  ...values([{ path: '/loss/type', value: 'spike_count' }], 'count, spikes, sum, rate'),
  ...values([{ path: '/loss/type', value: 'cotangent' }], 'vjp, cotangents, custom'),
  ...values([{ path: '/record', value: 'spikes' }], 'spk (snnTorch), spike, s, spk_rec (snnTorch), spike_train'),
  ...values(
    [{ path: '/record', value: 'v' }],
    `mem (snnTorch), mem_rec (snnTorch), v_seq (SpikingJelly), v_mem (Sinabs), vmem (Rockpool), V_m (NEST), membrane,
    voltage, potential`,
  ),
  ...values([{ path: '/record', value: 'spike_counts' }], 'counts, n_spikes'),
  ...values([{ path: '/record', value: 'firing_rates' }], 'rate, rates'),
  ...values([{ path: '/record', value: 'spike_times' }], 'times'),
];

/** A word as it is compared: case and punctuation aside. */
function fold(word: string): string {
  return word.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

const byFolded = new Map<string, Term[]>();
for (const term of vocabulary) {
  const key = fold(term.term);
  byFolded.set(key, [...(byFolded.get(key) ?? []), term]);
}

/** What the vocabulary has of a word, case and punctuation aside; those that are spelled as it is first. */
export function termsOf(word: string): readonly Term[] {
  const terms = byFolded.get(fold(word.slice(0, 100))) ?? [];
  return [...terms.filter(({ term }) => term === word), ...terms.filter(({ term }) => term !== word)];
}
