/** A function's value, and its gradient written into `gradient`. */
export type Objective = (at: Float64Array, gradient: Float64Array) => number;

const memory = 6;
/** Of sufficient decrease (Armijo). */
const enough = 1e-4;

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};

interface Pair {
  step: Float64Array;
  change: Float64Array;
  rho: number;
}

/** The quasi-Newton direction downhill: the two-loop recursion of L-BFGS. */
function directionOf(gradient: Float64Array, pairs: readonly Pair[]): Float64Array {
  const direction = gradient.map((value) => -value);
  const alphas: number[] = [];
  for (const { step, change, rho } of pairs.toReversed()) {
    const alpha = rho * dot(step, direction);
    alphas.push(alpha);
    for (let i = 0; i < direction.length; i++) direction[i] -= alpha * change[i];
  }
  const last = pairs.at(-1);
  const scale = last ? 1 / (last.rho * dot(last.change, last.change)) : 1 / Math.max(1, Math.sqrt(dot(gradient, gradient)));
  for (let i = 0; i < direction.length; i++) direction[i] *= scale;
  pairs.forEach(({ step, change, rho }, index) => {
    const beta = rho * dot(change, direction);
    const alpha = alphas[pairs.length - 1 - index];
    for (let i = 0; i < direction.length; i++) direction[i] += (alpha - beta) * step[i];
  });
  return direction;
}

/**
 * Minimises a smooth convex function from where it is (Liu and Nocedal 1989, L-BFGS with backtracking), in place.
 * @param evaluations how often it may be asked
 * @returns the value at the end
 */
export function minimise(objective: Objective, at: Float64Array, evaluations: number): number {
  let gradient = new Float64Array(at.length);
  let value = objective(at, gradient);
  const pairs: Pair[] = [];
  for (let asked = 1; asked < evaluations;) {
    const direction = directionOf(gradient, pairs);
    const slope = dot(gradient, direction);
    if (!(slope < -1e-9 * Math.max(1, Math.abs(value)))) return value;
    let moved = false;
    for (let length = 1; asked < evaluations && length > 1e-4; length /= 2) {
      const next = at.map((each, i) => each + length * direction[i]);
      const nextGradient = new Float64Array(at.length);
      const nextValue = objective(next, nextGradient);
      asked++;
      if (!(nextValue <= value + enough * length * slope)) continue;
      const step = next.map((each, i) => each - at[i]);
      const change = nextGradient.map((each, i) => each - gradient[i]);
      const curvature = dot(step, change);
      if (curvature > 1e-12) pairs.push({ step, change, rho: 1 / curvature });
      if (pairs.length > memory) pairs.shift();
      at.set(next);
      [value, gradient, moved] = [nextValue, nextGradient, true];
      break;
    }
    if (!moved) return value;
  }
  return value;
}
