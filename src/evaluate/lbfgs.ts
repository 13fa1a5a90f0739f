// L-BFGS (Nocedal 1980): the minimum of a smooth function from values and gradients, in float64 on the host. No step size to choose.

/** Value and gradient at a point. */
export type Objective = (at: Float64Array) => Promise<{ value: number; gradient: ArrayLike<number> }>;

export interface LbfgsOptions {
  /** Most evaluations of the function; 200 if absent. */
  evaluations?: number;
  /** Ends when no component of the gradient is larger; 1e-5 if absent. */
  tolerance?: number;
  /** Pairs of steps that are remembered; 10 if absent. */
  memory?: number;
}

export interface Minimum {
  at: Float64Array;
  value: number;
  evaluations: number;
  /** Whether the gradient fell below the tolerance. */
  converged: boolean;
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};

const largest = (a: ArrayLike<number>) => {
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]));
  return most;
};

/** Minimises from `start`. Steps are shortened until the value falls as the slope promises (Armijo); the last point is the lowest one. */
export async function lbfgs(
  objective: Objective,
  start: Float64Array,
  { evaluations = 200, tolerance = 1e-5, memory = 10 }: LbfgsOptions = {},
): Promise<Minimum> {
  let at: Float64Array = Float64Array.from(start), { value, gradient } = await objective(at), done = 1;
  const pairs: { s: Float64Array; y: Float64Array; rho: number }[] = [];
  while (largest(gradient) > tolerance && done < evaluations) {
    let direction = towards(gradient, pairs), slope = dot(direction, gradient);
    if (!(slope < 0)) { // what is remembered misleads, through rounding: begin anew
      pairs.length = 0;
      direction = Float64Array.from(gradient, (g) => -g);
      slope = -dot(gradient, gradient);
    }
    let step = pairs.length ? 1 : Math.min(1, 1 / Math.sqrt(-slope)), next: Float64Array, found: Awaited<ReturnType<Objective>>;
    while (true) {
      next = at.map((x, i) => x + step * direction[i]);
      found = await objective(next);
      done++;
      if (found.value <= value + 1e-4 * step * slope || done >= evaluations || step < 1e-10) break;
      step /= 2;
    }
    if (!(found.value < value)) break; // as low as the function's own rounding lets it see
    const s = next.map((x, i) => x - at[i]), y = Float64Array.from(found.gradient, (g, i) => g - gradient[i]), sy = dot(s, y);
    if (sy > 1e-12 * dot(y, y)) {
      pairs.push({ s, y, rho: 1 / sy });
      if (pairs.length > memory) pairs.shift();
    }
    [at, value, gradient] = [next, found.value, found.gradient];
  }
  return { at, value, evaluations: done, converged: largest(gradient) <= tolerance };
}

/** The direction of descent: the gradient through the remembered curvature (two-loop recursion). */
function towards(gradient: ArrayLike<number>, pairs: readonly { s: Float64Array; y: Float64Array; rho: number }[]): Float64Array {
  const q = Float64Array.from(gradient), alphas: number[] = [];
  for (const { s, y, rho } of pairs.toReversed()) {
    const alpha = rho * dot(s, q);
    alphas.unshift(alpha);
    for (let i = 0; i < q.length; i++) q[i] -= alpha * y[i];
  }
  const last = pairs.at(-1);
  if (last) {
    const scale = 1 / (last.rho * dot(last.y, last.y));
    for (let i = 0; i < q.length; i++) q[i] *= scale;
  }
  for (const [n, { s, y, rho }] of pairs.entries()) {
    const beta = rho * dot(y, q);
    for (let i = 0; i < q.length; i++) q[i] += (alphas[n] - beta) * s[i];
  }
  return q.map((x) => -x);
}
