// Interpolating cubic splines with not-a-knot ends, as matrices: the value at each target is a sum of the source values with fixed weights.

/**
 * Weights (targets, n) of the spline through n points at ascending `knots`: value at targets[t] = sum over k of weights[t * n + k] * y[k].
 * Beyond the ends the value of the end holds. Three points give their parabola, two their line, one a constant.
 */
export function cubicSplineWeights(knots: ArrayLike<number>, targets: ArrayLike<number>): Float64Array {
  const n = knots.length, weights = new Float64Array(targets.length * n);
  const curvature = secondDerivatives(knots);
  for (let t = 0; t < targets.length; t++) {
    const x = Math.min(Math.max(targets[t], knots[0]), knots[n - 1]), row = weights.subarray(t * n, (t + 1) * n);
    if (n === 1) {
      row[0] = 1;
      continue;
    }
    let i = 0;
    while (i < n - 2 && x > knots[i + 1]) i++;
    const h = knots[i + 1] - knots[i], b = (x - knots[i]) / h, a = 1 - b;
    row[i] += a;
    row[i + 1] += b;
    for (let k = 0; k < n; k++) {
      row[k] += ((a ** 3 - a) * curvature[i * n + k] + (b ** 3 - b) * curvature[(i + 1) * n + k]) * h * h / 6;
    }
  }
  return weights;
}

/** (n, n): second derivative at each knot as weights of the n values. */
function secondDerivatives(knots: ArrayLike<number>): Float64Array {
  const n = knots.length, h = Array.from({ length: n - 1 }, (_, i) => knots[i + 1] - knots[i]);
  const left = new Float64Array(n * n), right = new Float64Array(n * n);
  for (let i = 1; i < n - 1; i++) {
    left.set([h[i - 1], 2 * (h[i - 1] + h[i]), h[i]], i * n + i - 1);
    right.set([6 / h[i - 1], -6 / h[i - 1] - 6 / h[i], 6 / h[i]], i * n + i - 1);
  }
  if (n < 4) { // a line or a parabola: the second derivative is the same everywhere
    left[0] = left[n * n - 1] = 1;
    if (n === 3) left[1] = left[n * n - 2] = -1;
  } else { // the third derivative does not jump at the second and the last knot but one
    left.set([h[1], -h[0] - h[1], h[0]], 0);
    left.set([h[n - 2], -h[n - 3] - h[n - 2], h[n - 3]], n * n - 3);
  }
  return solve(left, right, n);
}

/** X of A X = B, all (n, n), by elimination with row exchange; A and B are used up. */
function solve(A: Float64Array, B: Float64Array, n: number): Float64Array {
  for (let c = 0; c < n; c++) {
    let pivot = c;
    for (let r = c + 1; r < n; r++) if (Math.abs(A[r * n + c]) > Math.abs(A[pivot * n + c])) pivot = r;
    for (const M of [A, B]) {
      const row = M.slice(c * n, (c + 1) * n);
      M.copyWithin(c * n, pivot * n, (pivot + 1) * n);
      M.set(row, pivot * n);
    }
    for (let r = 0; r < n; r++) {
      const factor = A[r * n + c] / A[c * n + c];
      if (r === c || factor === 0) continue;
      for (let k = 0; k < n; k++) {
        A[r * n + k] -= factor * A[c * n + k];
        B[r * n + k] -= factor * B[c * n + k];
      }
    }
  }
  return B.map((value, i) => value / A[Math.floor(i / n) * (n + 1)]);
}
