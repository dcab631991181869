/** A figure of braintools' first tutorial on surrogate gradients, as the page draws it. */
interface TutorialFigure {
  readonly title: string;
  /** What there is to be seen in it. */
  readonly text: string;
  readonly hash: string;
}

const six =
  'sigmoid(alpha:4);gaussian_grad(sigma:0.5,alpha:0.5);piecewise_quadratic(alpha:1);relu_grad(alpha:0.5,width:1);arctan(alpha:3);erf(alpha:2)';
const eight =
  'sigmoid(alpha:4);arctan(alpha:3);soft_sign(alpha:2);erf(alpha:2);gaussian_grad(sigma:0.5,alpha:1);piecewise_quadratic(alpha:1);relu_grad(alpha:0.5,width:1);leaky_relu(alpha:0.1,beta:1)';
const four = 'sigmoid(alpha:4);gaussian_grad(sigma:0.5,alpha:1);piecewise_quadratic(alpha:1);arctan(alpha:3)';

export const tutorialFigures: readonly TutorialFigure[] = [
  {
    title: 'Why the true gradient is zero',
    text: 'A neuron spikes where its potential reaches the threshold: H(x) steps from 0 to 1. The step is flat on both sides, so its derivative is 0 and tells a network nothing about how to change.',
    hash: '#gallery?compare=&x=-3,3',
  },
  {
    title: 'What takes its place',
    text: 'The forward pass keeps the step H(x). The backward pass uses the derivative σ′(x) of a smooth function σ(x) that resembles the step, here the sigmoid.',
    hash: '#gallery?compare=sigmoid(alpha:4)&x=-3,3',
  },
  {
    title: 'Where it is large',
    text: 'The surrogate gradient at 20 inputs: large near the threshold at 0, small far from it.',
    hash: '#gallery?compare=sigmoid(alpha:4)&x=-2,2&points=20',
  },
  {
    title: 'Eight surrogates',
    text: 'σ(x) and σ′(x) of eight surrogates, each in a picture of its own.',
    hash: `#gallery?compare=${eight}&x=-3,3&layout=grid`,
  },
  {
    title: 'Their gradients',
    text: 'Some gradients are exactly 0 away from the threshold, others have long tails. Zoom in by dragging across the picture.',
    hash: `#gallery?compare=${six}&x=-3,3`,
  },
  {
    title: 'What alpha does',
    text: 'The larger alpha, the closer σ(x) is to the step, and the narrower and taller is σ′(x).',
    hash: '#gallery?compare=sigmoid(alpha:0.5);sigmoid(alpha:1);sigmoid(alpha:2);sigmoid(alpha:4);sigmoid(alpha:8)&x=-3,3',
  },
  {
    title: 'A LIF neuron spikes',
    text: 'A constant current of 1.5 charges a leaky integrate-and-fire neuron; at the threshold it spikes and is reset: 4 spikes in 50 ms.',
    hash: '#neuron?waveform=constant&amplitude=1.5&steps=500&dt=0.1',
  },
  {
    title: 'Its gradient',
    text: 'Spikes come in whole numbers, yet the surrogate gradient of their count over 100 steps is smooth enough to follow for 50 currents from 0.5 to 2.5.',
    hash: '#gradient?surrogates=sigmoid(alpha:4)&detached=false&from=0.5&to=2.5&neurons=50&steps=100&dt=0.1',
  },
  {
    title: 'Four surrogates, one neuron',
    text: 'The surrogate changes the gradient and not the spikes.',
    hash: `#gradient?surrogates=${four}&detached=false&from=0.5&to=2.5&neurons=30&steps=100&dt=0.1`,
  },
];
