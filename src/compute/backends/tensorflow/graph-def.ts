/** Types of tensors, by TensorFlow's numbers for them (tensorflow/core/framework/types.proto). */
export const dataTypes = { float32: 1, float64: 2, int32: 3, int64: 9, bool: 10, variant: 21 } as const;
export type DataType = keyof typeof dataTypes;

/** An attribute of an operation (attr_value.proto). */
export type Attribute =
  | { readonly type: DataType }
  | { readonly types: readonly DataType[] }
  | { readonly int: number }
  | { readonly bool: boolean }
  /** A tensor's shape; -1 is a dimension that is known only when it runs, and null a shape of which nothing is known. */
  | { readonly shape: readonly number[] | null }
  | { readonly shapes: readonly (readonly number[] | null)[] }
  | { readonly function: string }
  | {
      readonly tensor: {
        readonly type: 'float32' | 'float64' | 'int32' | 'int64';
        readonly shape: readonly number[];
        readonly values: readonly number[];
      };
    };

/** One operation (node_def.proto). */
export interface NodeDef {
  readonly name: string;
  readonly op: string;
  /** Within a function `argument` or `node:output:index`, in the outermost graph `node:index`. */
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface ArgumentDef {
  readonly name: string;
  readonly type: DataType;
}

/** A function that operations call by name (function.proto). */
export interface FunctionDef {
  readonly name: string;
  readonly inputs: readonly ArgumentDef[];
  readonly outputs: readonly ArgumentDef[];
  readonly nodes: readonly NodeDef[];
  /** For each output the value in the function that it is, as `node:output:index`. */
  readonly results: Readonly<Record<string, string>>;
}

/** A program with named tensors going in and out. */
export interface Model {
  readonly functions: readonly FunctionDef[];
  readonly nodes: readonly NodeDef[];
  readonly inputs: readonly (ArgumentDef & { readonly tensor: string })[];
  readonly outputs: readonly (ArgumentDef & { readonly tensor: string })[];
}
