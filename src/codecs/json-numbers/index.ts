/** The text of JSON's numbers, read and written. README.md says how; nothing outside of this folder imports another file of it. */
export { float32Text, float64Text, maxFloat32TextLength, maxFloat64TextLength } from './float-text.ts';
export { compileNumberCodec, countBelow, NumberCodec, type ArrayStop } from './number-codec.ts';
