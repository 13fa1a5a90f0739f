// Position tables at a new resolution, once at load: relative bias tables on the official geometric grid, absolute embeddings by bicubic.

import { ShapeError } from "../errors.ts";
import { cubicSplineWeights } from "./cubic_spline.ts";
import { relativePositionRows, type Window } from "./relative_position.ts";

/**
 * The bias table (rows of `from`, heads) for the window `to`. Where a side changes, the old differences are laid on a geometric grid that
 * reaches from end to end of the new ones (near places keep their resolution) and a cubic spline is read at the new differences; the three
 * rows of the class token stay (unilm beit/run_class_finetuning.py, per side as in timm).
 *
 * ```ts
 * import { relativePositionRows, resizeRelativePositions } from "../../mod.ts";
 * const table = new Float32Array(relativePositionRows([2, 2]) * 3).fill(1); // of 3 heads
 * console.assert(resizeRelativePositions(table, 3, [2, 2], [4, 4]).length === relativePositionRows([4, 4]) * 3);
 * ```
 */
export function resizeRelativePositions(table: Float32Array, heads: number, from: Window, to: Window): Float32Array {
  const rows = relativePositionRows(from), rowsTo = relativePositionRows(to);
  expectSize("resizeRelativePositions: the table", table, rows, heads);
  const [H, W] = from.map((side) => 2 * side - 1), [h, w] = to.map((side) => 2 * side - 1);
  const down = sideWeights(H, h), across = sideWeights(W, w);
  const resized = new Float32Array(rowsTo * heads);
  for (let head = 0; head < heads; head++) {
    const wide = new Float64Array(H * w); // rows as before, columns resized
    for (let y = 0; y < H; y++) {
      for (let x = 0; x < w; x++) {
        for (let k = 0; k < W; k++) wide[y * w + x] += across[x * W + k] * table[(y * W + k) * heads + head];
      }
    }
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        let sum = 0;
        for (let k = 0; k < H; k++) sum += down[y * H + k] * wide[k * w + x];
        resized[(y * w + x) * heads + head] = sum;
      }
    }
  }
  resized.set(table.subarray(table.length - 3 * heads), resized.length - 3 * heads);
  return resized;
}

/** Spline weights from `source` to `target` differences of one side, both odd. */
function sideWeights(source: number, target: number): Float64Array {
  const reach = Math.floor(target / 2), targets = Array.from({ length: target }, (_, i) => i - reach);
  return cubicSplineWeights(source === target ? targets : geometricGrid(source, target), targets);
}

/** 0, ±1, ±(1 + q), ±(1 + q + q²), ... : `source` places whose ends lie at those of `target`, as far as a q from 1.01 to 1.5 can. */
export function geometricGrid(source: number, target: number): number[] {
  const n = Math.floor(source / 2), reach = Math.floor(target / 2);
  let low = 1.01, high = 1.5, q = low;
  while (high - low > 1e-6) {
    q = (low + high) / 2;
    if ((1 - q ** n) / (1 - q) > reach) high = q;
    else low = q;
  }
  const steps: number[] = [];
  for (let i = 0, place = 1; i < n; i++) {
    steps.push(place);
    place += q ** (i + 1);
  }
  return [...steps.map((step) => -step).reverse(), 0, ...steps];
}

/**
 * Absolute position embeddings (1 + N, C) for the window `to`: the class token's row stays, the patches' are resized by bicubic as
 * torch's interpolate does without antialias (A = -0.75, align_corners = false, borders repeated).
 *
 * ```ts
 * import { resizeAbsolutePositions } from "../../mod.ts";
 * const larger = resizeAbsolutePositions(new Float32Array((1 + 4) * 8).fill(1), 8, [2, 2], [3, 3]); // class token and patches, 8 channels
 * console.assert(larger.length === (1 + 9) * 8 && larger.every((value) => Math.abs(value - 1) < 1e-6));
 * ```
 */
export function resizeAbsolutePositions(positions: Float32Array, dim: number, from: Window, to: Window): Float32Array {
  const [H, W] = from, [h, w] = to;
  expectSize("resizeAbsolutePositions: the table", positions, H * W + 1, dim);
  if (H === h && W === w) return positions.slice();
  const resized = new Float32Array((h * w + 1) * dim), patches = positions.subarray(dim);
  resized.set(positions.subarray(0, dim));
  for (let y = 0; y < h; y++) {
    const down = bicubicTaps(y, H, h);
    for (let x = 0; x < w; x++) {
      const across = bicubicTaps(x, W, w);
      for (let c = 0; c < dim; c++) {
        let sum = 0;
        for (const [row, a] of down) for (const [column, b] of across) sum += a * b * patches[(row * W + column) * dim + c];
        resized[(1 + y * w + x) * dim + c] = sum;
      }
    }
  }
  return resized;
}

/** The four source places of target place `i` and their weights. */
function bicubicTaps(i: number, source: number, target: number): [place: number, weight: number][] {
  const at = (i + 0.5) * source / target - 0.5, first = Math.floor(at) - 1;
  return Array.from({ length: 4 }, (_, k) => [Math.min(Math.max(first + k, 0), source - 1), bicubic(at - (first + k))]);
}

function bicubic(distance: number, A = -0.75): number {
  const x = Math.abs(distance);
  if (x <= 1) return ((A + 2) * x - (A + 3)) * x * x + 1;
  return x < 2 ? ((A * x - 5 * A) * x + 8 * A) * x - 4 * A : 0;
}

function expectSize(what: string, values: Float32Array, rows: number, columns: number): void {
  if (values.length === rows * columns) return;
  throw new ShapeError(
    `${what} has ${values.length} values, ${rows} rows of ${columns} are ${rows * columns}; give the window it was made for`,
  );
}
