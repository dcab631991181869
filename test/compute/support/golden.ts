import { readFileSync } from 'node:fs';

export interface SurrogateRequest {
  readonly name: string;
  readonly [parameter: string]: number | string;
}

export interface GoldenSurrogates {
  readonly x: readonly number[];
  readonly cases: readonly {
    readonly surrogate: SurrogateRequest;
    readonly spike: readonly number[];
    readonly value: readonly number[] | null;
    readonly grad: readonly number[];
    readonly at_kink: readonly number[];
  }[];
}

export interface GoldenLif {
  readonly cases: readonly {
    readonly request: {
      readonly steps: number;
      readonly dt: number;
      readonly neuron: {
        readonly tau: number;
        readonly v_threshold: number;
        readonly v_reset: number;
        readonly reset: 'hard' | 'soft' | 'none';
      };
      readonly detach_reset: boolean;
      readonly surrogate: SurrogateRequest;
      readonly current: readonly number[] | readonly (readonly number[])[];
      readonly loss?: { readonly spikes: readonly (readonly number[])[]; readonly v: readonly (readonly number[])[] };
    };
    readonly spike_counts: readonly number[];
    readonly spike_steps: readonly (readonly number[])[];
    readonly v_final: readonly number[];
    readonly grad: {
      readonly current: readonly number[] | readonly (readonly number[])[];
      readonly tau: readonly number[];
      readonly v_threshold: readonly number[];
    };
  }[];
}

export interface GoldenNeurons {
  readonly inputs: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly cotangents: Readonly<Record<'spikes' | 'v', readonly (readonly number[])[]>>;
  readonly cases: readonly {
    readonly request: {
      readonly neuron: Readonly<Record<string, number | readonly number[] | string | boolean | null>> & { readonly model: string };
      readonly surrogate: ({ readonly name: string } & Record<string, number>) | null;
      readonly current: string;
      readonly wrt: readonly string[];
    };
    readonly spikes: readonly (readonly number[])[] | null;
    readonly v: readonly (readonly number[])[];
    readonly loss: number;
    readonly grad: Readonly<Record<string, number | readonly number[] | readonly (readonly number[])[]>>;
  }[];
}

/** The libraries' own float64 numbers. */
export function golden(file: 'surrogates.json'): GoldenSurrogates;
export function golden(file: 'lif.json'): GoldenLif;
export function golden(file: 'neurons.json'): GoldenNeurons;
export function golden(file: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../golden/${file}`, import.meta.url), 'utf8')) as unknown;
}

/** A surrogate of a request as jobs carry it. */
export function fromRequest({ name, ...parameters }: SurrogateRequest): { name: string; parameters: Record<string, number> } {
  return { name, parameters: parameters as Record<string, number> };
}
