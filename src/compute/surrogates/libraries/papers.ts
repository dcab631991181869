/** The papers that introduced or shaped the functions of the catalogue, as `references` quotes them. */
export const papers = {
  esser2016: 'Esser et al. (2016), Convolutional networks for fast, energy-efficient neuromorphic computing, PNAS 113',
  bellec2018: 'Bellec et al. (2018), Long short-term memory and learning-to-learn in networks of spiking neurons, NeurIPS',
  bellec2020: 'Bellec et al. (2020), A solution to the learning dilemma for recurrent networks of spiking neurons, Nat. Commun. 11',
  neftci2019: 'Neftci, Mostafa and Zenke (2019), Surrogate gradient learning in spiking neural networks, IEEE Signal Process. Mag. 36(6)',
  zenke2018: 'Zenke and Ganguli (2018), SuperSpike: supervised learning in multilayer spiking neural networks, Neural Comput. 30',
  zenke2021:
    'Zenke and Vogels (2021), The remarkable robustness of surrogate gradient learning for instilling complex function in spiking neural networks, Neural Comput. 33',
  shrestha2018: 'Shrestha and Orchard (2018), SLAYER: spike layer error reassignment in time, NeurIPS',
  wu2018: 'Wu et al. (2018), Spatio-temporal backpropagation for training high-performance spiking neural networks, Front. Neurosci. 12',
  yinS2017:
    'Yin, Venkataramanaiah et al. (2017), Algorithm and hardware design of discrete-time spiking neural networks based on back propagation with binary activations, BioCAS',
  fang2021: 'Fang et al. (2021), Incorporating learnable membrane time constant to enhance learning of spiking neural networks, ICCV',
  yin2020:
    'Yin, Corradi and Bohté (2020), Effective and efficient computation with multiple-timescale spiking recurrent neural networks, ICONS',
  yin2021:
    'Yin, Corradi and Bohté (2021), Accurate and efficient time-domain classification with adaptive spiking recurrent neural networks, Nat. Mach. Intell. 3',
  suetake2022:
    'Suetake et al. (2022), S2NN: time step reduction of spiking surrogate gradients for training energy efficient single-step neural networks, arXiv 2201.10879v1',
  herranz2022: 'Herranz-Celotti and Rouat (2022), Surrogate gradients design, arXiv 2202.00282',
  cai2017: 'Cai et al. (2017), Deep learning with low precision by half-wave Gaussian quantization, CVPR',
  gerstner2002: 'Gerstner and Kistler (2002), Spiking Neuron Models, Cambridge University Press',
  bengio2013:
    'Bengio, Léonard and Courville (2013), Estimating or propagating gradients through stochastic neurons for conditional computation, arXiv 1308.3432',
} as const;
