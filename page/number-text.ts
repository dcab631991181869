/** What a number in a field has to be. */
export interface NumberRule {
  readonly label: string;
  readonly minimum: number;
  readonly maximum: number;
  readonly integer?: boolean;
}

/**
 * Reads what someone has typed.
 *
 * @returns the number, or what is wrong with the text and what would be right.
 * @example
 * readNumber('1,5', { label: 'tau', minimum: 0, maximum: 10 }); // { problem: 'tau must be a number from 0 to 10; "1,5" is none' }
 */
export function readNumber(
  text: string,
  { label, minimum, maximum, integer = false }: NumberRule,
): { readonly value: number } | { readonly problem: string } {
  const trimmed = text.trim().replace('−', '-');
  const value = trimmed === '' ? NaN : Number(trimmed);
  const wanted = `${label} must be a ${integer ? 'whole number' : 'number'} from ${minimum} to ${maximum}`;
  if (!Number.isFinite(value)) return { problem: `${wanted}; ${trimmed === '' ? 'the field is empty' : `"${trimmed}" is none`}` };
  if (value < minimum || value > maximum || (integer && !Number.isInteger(value))) return { problem: `${wanted}; ${trimmed} is not` };
  return { value };
}
