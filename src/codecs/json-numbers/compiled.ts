import { lookThroughWith } from '../magnitude.ts';
import { compileNumberCodec } from './module.ts';

/** The number codec, assembled once for the process; threads get it by message. */
export const numberCodec: WebAssembly.Module = await compileNumberCodec();
lookThroughWith(numberCodec);
