/** Goes on with a value: at once where it is there, without a promise that would cost a small request as much as its numbers. */
export function whenThere<T, R>(value: T | Promise<T>, next: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
