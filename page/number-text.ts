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
 * readNumber('1,5', { label: 'tau', minimum: 0, maximum: 10 }); // { problem: 'tau must be a number from 0 to 10, not "1,5"' }
 */
export function readNumber(
  text: string,
  { label, minimum, maximum, integer = false }: NumberRule,
): { readonly value: number } | { readonly problem: string } {
  const trimmed = text.trim().replace('−', '-');
  const value = trimmed === '' ? NaN : Number(trimmed);
  const wanted = `${label} must be a ${integer ? 'whole number' : 'number'} from ${minimum} to ${maximum}`;
  if (trimmed === '') return { problem: `${wanted}; the field is empty` };
  if (!Number.isFinite(value)) return { problem: `${wanted}, not "${trimmed}"` };
  if (value < minimum || value > maximum || (integer && !Number.isInteger(value))) return { problem: `${wanted}, not ${trimmed}` };
  return { value };
}
