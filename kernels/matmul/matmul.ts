import { ShapeError } from "../../src/errors.ts";
import { apply, reshape, type Tensor } from "../../src/graph.ts";
import { type MatmulAttributes, type MatmulInputs, matmulSpec, product, type Transposes } from "./op.ts";

/**
 * Matrix product over the last two axes. a (…, M, K) and b (…, K, N) → (…, M, N); with `transposeA` a is (…, K, M), with
 * `transposeB` b is (…, N, K). The leading axes must be equal, or absent on one side, which is then shared.
 *
 * @throws ShapeError when inner sizes or leading axes differ, naming both tensors.
 *
 * ```ts
 * import { constant, interpret, matmul } from "../../mod.ts";
 * const [y] = interpret([matmul(constant("x", [1, 2], [1, 2]), constant("y", [2, 2], [1, 0, 0, 10]))]);
 * console.assert(y.join() === "1,20");
 * ```
 */
export function matmul(a: Tensor, b: Tensor, { transposeA = false, transposeB = false }: Transposes = {}): Tensor {
  for (const t of [a, b]) {
    if (t.shape.length < 2) throw new ShapeError(`matmul: ${t} has ${t.shape.length} axes; a matrix needs at least 2`);
  }
  const [m, k] = transposeA ? [...a.shape.slice(-2)].reverse() : a.shape.slice(-2);
  const [inner, n] = transposeB ? [...b.shape.slice(-2)].reverse() : b.shape.slice(-2);
  if (k !== inner) {
    throw new ShapeError(`matmul: inner sizes differ, ${a} and ${b}; ${b.name} must have ${k} ${transposeB ? "columns" : "rows"}`);
  }
  const leadingA = a.shape.slice(0, -2), leadingB = b.shape.slice(0, -2);
  if (leadingA.length && leadingB.length && leadingA.join() !== leadingB.join()) {
    throw new ShapeError(`matmul: leading axes differ, ${a} and ${b}; they must be equal, or absent on one side`);
  }
  const leading = leadingA.length ? leadingA : leadingB;
  // The rows of all batches are the rows of one product when they meet the same matrix.
  const oneProduct = !leadingB.length && !transposeA;
  const left = reshape(a, oneProduct ? [1, -1, k] : [-1, ...a.shape.slice(-2)]).as(a.name);
  const right = reshape(b, [-1, ...b.shape.slice(-2)]).as(b.name);
  return reshape(product(left, right, { transposeA, transposeB }), [...leading, m, n]);
}

/** What is done to the product before it is stored: bias, activation, scale and residual, in that order. */
export interface LinearOptions {
  /** (N), added to the product. */
  bias?: Tensor;
  activation?: MatmulAttributes["activation"];
  /** (N), a factor a column, as in layer scale. */
  scale?: Tensor;
  /** (…, N), added at the end. */
  residual?: Tensor;
}

/**
 * y = residual + scale * activation(x wᵀ + bias), in one kernel. x (…, K), w (N, K) as in published checkpoints → y (…, N).
 *
 * @throws ShapeError when a shape does not fit x and w, naming the tensors.
 *
 * ```ts
 * import { constant, interpret, linear } from "../../mod.ts";
 * const [y] = interpret([linear(constant("x", [1, 2], [1, 2]), constant("w", [3, 2], [1, 0, 0, 1, 1, 1]))]);
 * console.assert(y.join() === "1,2,3");
 * ```
 */
export function linear(x: Tensor, w: Tensor, { bias, activation, scale, residual }: LinearOptions = {}): Tensor {
  if (w.shape.length !== 2) throw new ShapeError(`linear: ${w} has ${w.shape.length} axes; a weight is (out, in)`);
  const [N, K] = w.shape, last = x.shape[x.shape.length - 1];
  if (last !== K) throw new ShapeError(`linear: inner sizes differ, ${x} and ${w}; ${w.name} must have ${last} columns`);
  for (const t of [bias, scale]) {
    if (t && t.size !== N) throw new ShapeError(`linear: ${t} has ${t.size} values, ${w} gives ${N} columns; they must agree`);
  }
  const shape = [...x.shape.slice(0, -1), N];
  if (residual && residual.shape.join() !== shape.join()) {
    throw new ShapeError(`linear: ${residual} is added to (${shape.join(", ")}), the product of ${x} and ${w}; the shapes must agree`);
  }
  const inputs: MatmulInputs = {
    a: reshape(x, [1, -1, K]).as(x.name),
    b: reshape(w, [1, N, K]).as(w.name),
    bias: bias && reshape(bias, [N]).as(bias.name),
    scale: scale && reshape(scale, [N]).as(scale.name),
    residual: residual && reshape(residual, [1, -1, N]).as(residual.name),
  };
  return reshape(apply(matmulSpec, inputs, { transposeB: true, activation }).y, shape);
}
