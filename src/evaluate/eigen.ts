// Eigenvalues and eigenvectors of a symmetric matrix: Householder reflections to tridiagonal form, then QR steps with Wilkinson's shift
// (Golub and Van Loan, Matrix Computations, 8.3). About 9 n^3 floating-point operations; n = 768 takes seconds.
import { ShapeError } from "../errors.ts";

export interface Eigen {
  /** (n), largest first. */
  values: Float64Array;
  /** (n, n): row i is the unit eigenvector of value i. */
  vectors: Float64Array;
}

/** Decomposes a symmetric (n, n) matrix, which is not changed. Throws ShapeError where it is not square, symmetric and finite. */
export function eigenSymmetric(matrix: Float64Array, n: number): Eigen {
  if (matrix.length !== n * n) throw new ShapeError(`eigenSymmetric: ${matrix.length} values are no ${n} x ${n} matrix`);
  const largest = matrix.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const a = matrix[i * n + j], b = matrix[j * n + i];
      if (!(Math.abs(a - b) <= 1e-9 * largest)) {
        throw new ShapeError(
          `eigenSymmetric: entries (${i}, ${j}) and (${j}, ${i}) are ${a} and ${b}; the matrix must be symmetric and finite`,
        );
      }
    }
  }
  const { d, e, q } = tridiagonal(Float64Array.from(matrix), n);
  diagonalise(d, e, q, n);
  const order = Array.from(d.keys()).sort((i, j) => d[j] - d[i]), vectors = new Float64Array(n * n);
  order.forEach((from, to) => vectors.set(q.subarray(from * n, (from + 1) * n), to * n));
  return { values: Float64Array.from(order, (i) => d[i]), vectors };
}

/** A = Q T Qᵀ: diagonal `d` (n) and off-diagonal `e` (n - 1) of T; row j of `q` is column j of Q, so that rotations meet whole rows. */
function tridiagonal(a: Float64Array, n: number): { d: Float64Array; e: Float64Array; q: Float64Array } {
  const d = new Float64Array(n), e = new Float64Array(Math.max(0, n - 1)), p = new Float64Array(n);
  const reflections: Float64Array[] = [];
  for (let k = 0; k + 2 < n; k++) {
    const v = new Float64Array(n);
    let norm = 0;
    for (let i = k + 1; i < n; i++) norm += (v[i] = a[i * n + k]) ** 2;
    norm = Math.sqrt(norm);
    e[k] = v[k + 1] > 0 ? -norm : norm; // the sign that does not cancel in v
    v[k + 1] -= e[k];
    let length = 0;
    for (let i = k + 1; i < n; i++) length += v[i] ** 2;
    reflections.push(v);
    if (length === 0) continue;
    length = Math.sqrt(length);
    for (let i = k + 1; i < n; i++) v[i] /= length;

    // A - 2 (v wᵀ + w vᵀ) with p = A v, w = p - (v p) v.
    let vp = 0;
    for (let i = k + 1; i < n; i++) {
      let sum = 0;
      for (let j = k + 1; j < n; j++) sum += a[i * n + j] * v[j];
      p[i] = sum;
      vp += v[i] * sum;
    }
    for (let i = k + 1; i < n; i++) p[i] = 2 * (p[i] - vp * v[i]);
    for (let i = k + 1; i < n; i++) {
      const vi = v[i], wi = p[i];
      for (let j = k + 1; j < n; j++) a[i * n + j] -= vi * p[j] + wi * v[j];
    }
  }
  if (n > 1) e[n - 2] = a[(n - 1) * n + n - 2];
  for (let i = 0; i < n; i++) d[i] = a[i * n + i];

  const q = new Float64Array(n * n);
  for (let i = 0; i < n; i++) q[i * n + i] = 1;
  for (let k = reflections.length - 1; k >= 0; k--) {
    const v = reflections[k];
    for (let r = k + 1; r < n; r++) {
      let s = 0;
      for (let i = k + 1; i < n; i++) s += q[r * n + i] * v[i];
      for (let i = k + 1; i < n; i++) q[r * n + i] -= 2 * s * v[i];
    }
  }
  return { d, e, q };
}

/** Turns the tridiagonal matrix (d, e) diagonal in place, carrying the rows of `q` along. */
function diagonalise(d: Float64Array, e: Float64Array, q: Float64Array, n: number): void {
  const small = (i: number) => Math.abs(e[i]) <= Number.EPSILON * (Math.abs(d[i]) + Math.abs(d[i + 1]));
  for (let high = n - 1, steps = 0; high > 0; steps++) {
    if (small(high - 1)) {
      e[--high] = 0;
      continue;
    }
    if (steps > 60 * n) throw new ShapeError(`eigenSymmetric: no convergence of a ${n} x ${n} matrix after ${steps} steps`);
    let low = high - 1;
    while (low > 0 && !small(low - 1)) low--;

    const half = (d[high - 1] - d[high]) / 2, root = Math.hypot(half, e[high - 1]);
    const shift = d[high] - e[high - 1] ** 2 / (half + (half < 0 ? -root : root));
    let x = d[low] - shift, z = e[low];
    for (let k = low; k < high; k++) {
      const r = Math.hypot(x, z), c = r === 0 ? 1 : x / r, s = r === 0 ? 0 : z / r;
      if (k > low) e[k - 1] = r;
      const d1 = d[k], d2 = d[k + 1], off = e[k];
      d[k] = c * c * d1 + 2 * c * s * off + s * s * d2;
      d[k + 1] = s * s * d1 - 2 * c * s * off + c * c * d2;
      e[k] = c * s * (d2 - d1) + (c * c - s * s) * off;
      if (k + 1 < high) {
        x = e[k];
        z = s * e[k + 1];
        e[k + 1] *= c;
      }
      for (let i = k * n, j = i + n; i < (k + 1) * n; i++, j++) {
        const a = q[i], b = q[j];
        q[i] = c * a + s * b;
        q[j] = c * b - s * a;
      }
    }
  }
}
