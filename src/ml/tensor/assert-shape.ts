import { AppError } from '#shared/errors';

/** A tensor does not have the shape that a function asks for. */
export class ShapeError extends AppError {
  constructor(argument: string, rule: string, received: readonly number[]) {
    super('invalid-argument', `${argument} must be ${rule}, received [${received.join(', ')}]`);
    this.name = 'ShapeError';
  }
}

/**
 * Checks a shape against a pattern in which null stands for any size.
 * @param argument name of the argument, for the message
 * @throws ShapeError if rank or a fixed size differs
 */
export function assertShape(argument: string, shape: readonly number[], pattern: readonly (number | null)[]): void {
  const fits = shape.length === pattern.length && pattern.every((size, axis) => size === null || size === shape[axis]);
  if (!fits) throw new ShapeError(argument, `of shape [${pattern.map((size) => size ?? 'any').join(', ')}]`, shape);
}
