/** A function of another library that the catalogue leaves out. */
export interface LeftOut {
  readonly library: string;
  readonly name: string;
  readonly why: string;
}

/** What a user of these libraries may look for in vain, and why: broken there, random, or not a function of x alone. */
export const leftOut: readonly LeftOut[] = [
  {
    library: 'snnTorch',
    name: 'triangular',
    why: 'Not a triangle: its gradient is +threshold below the threshold and -threshold above it.',
  },
  {
    library: 'snnTorch',
    name: 'SFS',
    why: 'Keeps the gradient for x > B where the paper it cites keeps |x| < B; with its default B = 1 none is left around the threshold.',
  },
  {
    library: 'snnTorch',
    name: 'LSO',
    why: 'Calls the wrong autograd class with an argument missing, and fails. What it intends is leaky_relu.',
  },
  { library: 'snnTorch', name: 'SSO', why: 'Its gradient below the threshold is a random number with mean 0.' },
  {
    library: 'snnTorch',
    name: 'heaviside',
    why: 'Passes the spike itself as its gradient: 1 above the threshold and 0 below. leaky_relu with alpha 0 is that, but for x = 0.',
  },
  { library: 'snnTorch', name: 'custom_surrogate', why: "A user's own function; table takes one as points." },
  { library: 'SpikingJelly', name: 'PoissonPass', why: 'A random spike; its gradient is that of DeterministicPass.' },
  { library: 'SpikingJelly', name: 'MultiLevelSpikeCount', why: 'Counts several spikes a step; here a spike is 0 or 1.' },
  { library: 'Norse', name: 'logistic', why: 'A random spike; its gradient is that of tanh.' },
  { library: 'Norse', name: 'circ_dist', why: 'A random spike; its gradient is that of circ.' },
  {
    library: 'Spyx',
    name: 'custom',
    why: 'Its default multiplies the gradient by x, where the documentation implies a straight-through estimator.',
  },
  { library: 'Sinabs', name: 'Heaviside', why: 'rockpool.StepPWL is the same function; its learning_window is window here, default 1.' },
  { library: 'Sinabs', name: 'PeriodicExponential', why: 'For several spikes a step, and right only at a threshold of 1.' },
  { library: 'Rockpool', name: 'PeriodicExponential', why: 'For several spikes a step.' },
  { library: 'snnax', name: 'sigmoid_surrogate', why: 'Calls jax.nn.sigmoid with two arguments, and fails.' },
  { library: 'stork', name: 'CustomSpike', why: 'Random forward, and its MultilayerSpiker multiplies by x instead of the spike.' },
  { library: 'stork', name: 'HardTanhSpike', why: 'A ramp from 0 to 2, which does not vanish above the threshold.' },
  { library: 'stork', name: 'TanhSpike', why: 'Adds 1 to the derivative of tanh, so that it vanishes nowhere.' },
  { library: 'NengoDL', name: 'LIF', why: 'No surrogate: training swaps the neuron for its rate equation.' },
];
