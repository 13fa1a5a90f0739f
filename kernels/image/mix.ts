// Mixup (Zhang et al. 2018) and cutmix (Yun et al. 2019) of a batch with itself in reversed order, as in timm's batch mode. Which of
// the two, and how much, is data: it changes from step to step.

import { ShapeError } from "../../src/errors.ts";
import { defineOp, type Tensor } from "../../src/graph.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import mixBatchWgsl from "./mix_batch.wgsl" with { type: "text" };
import mixTargetsWgsl from "./mix_targets.wgsl" with { type: "text" };

/**
 * A batch blended with itself in reversed order. x (B, C, H, W), lam (1), box (4) u32 → (B, C, H, W).
 *
 * A box [y from, y to, x from, x to] (ends excluded) is cutmix: inside it the other picture shows. An empty box is mixup:
 * lam * x + (1 - lam) * other. Neither: an empty box and lam = 1.
 *
 * ```ts
 * import { constant, interpret, mixBatch } from "../../mod.ts";
 * const x = constant("x", [2, 1, 1, 1], [0, 8]), box = constant("box", [4], [0, 0, 0, 0], "u32"); // mixup
 * console.assert(interpret([mixBatch(x, constant("lam", [1], [0.75]), box)])[0].join() === "2,6");
 * ```
 */
export function mixBatch(x: Tensor, lam: Tensor, box: Tensor): Tensor {
  return batchOp({ x, lam, box }, {}).y;
}

/**
 * Targets of a blended batch: labels (B) u32, lam (1) → (B, classes), lam * own + (1 - lam) * other. For cutmix lam is the share
 * of the picture outside the box. With smoothing s a label has 1 - s + s / classes at its class and s / classes elsewhere.
 *
 * ```ts
 * import { constant, interpret, mixTargets } from "../../mod.ts";
 * const [y] = interpret([mixTargets(constant("labels", [2], [0, 1], "u32"), 2, constant("lam", [1], [0.75]))]);
 * console.assert(y.join() === "0.75,0.25,0.25,0.75");
 * ```
 */
export function mixTargets(labels: Tensor, classes: number, lam: Tensor, smoothing = 0): Tensor {
  return targetsOp({ labels, lam }, { classes, off: smoothing / classes, on: 1 - smoothing + smoothing / classes }).y;
}

const batchOp = defineOp<{ x: Tensor; lam: Tensor; box: Tensor }, "y">({
  name: "mix_batch",
  f16: ["y"],
  outputs({ x, lam, box }) {
    if (x.shape.length !== 4) throw new ShapeError(`mixBatch: ${x} is not (B, C, H, W); give pictures as planes`);
    checkLam("mixBatch", lam);
    if (box.size !== 4 || box.dtype !== "u32") throw new ShapeError(`mixBatch: the box ${box} is not (4) u32: y from, y to, x from, x to`);
    return { y: x.shape };
  },
  launches: ({ y: { size, shape: [B, C, H, W] } }) => [{
    label: "image/mix_batch",
    wgsl: flatIndex + mixBatchWgsl,
    dims: { Y: size, B, S: C * H * W, H, W },
    workgroups: Math.ceil(size / 64),
  }],
  // Each pixel blends b with B - 1 - b by numbers that do not depend on b: the blend is its own transpose.
  backward: ({ lam, box }, { dy }) => ({ x: mixBatch(dy!, lam, box) }),
  reference({ x, lam: [lam], box: [top, bottom, left, right] }, { x: { size, shape: [B, C, H, W] } }) {
    const y = new Float64Array(size);
    for (let b = 0, i = 0; b < B; b++) {
      for (let c = 0; c < C; c++) {
        for (let h = 0; h < H; h++) {
          for (let w = 0; w < W; w++, i++) {
            const other = x[(((B - 1 - b) * C + c) * H + h) * W + w], inside = h >= top && h < bottom && w >= left && w < right;
            y[i] = top >= bottom || left >= right ? lam * x[i] + (1 - lam) * other : inside ? other : x[i];
          }
        }
      }
    }
    return { y };
  },
  cpu({ x, lam: { data: [lam] }, box: { data: [top, bottom, left, right] }, y }, _, kernels) {
    const [B, C, H, W] = x.shape, S = C * H * W;
    if (top >= bottom || left >= right) {
      for (let b = 0; b < B; b++) {
        const [a, other, to] = [x.pointer + 4 * b * S, x.pointer + 4 * (B - 1 - b) * S, y.pointer + 4 * b * S];
        kernels.elementwise({ operation: "sum", a, b: other, y: to, C: S, alpha: lam, beta: 1 - lam });
      }
      return;
    }
    y.data.set(x.data);
    for (let b = 0; b < B; b++) {
      for (let c = 0; c < C; c++) {
        for (let h = top; h < Math.min(H, bottom); h++) {
          const from = (((B - 1 - b) * C + c) * H + h) * W, to = ((b * C + c) * H + h) * W;
          y.data.set(x.data.subarray(from + left, from + Math.min(W, right)), to + left);
        }
      }
    }
  },
});

const targetsOp = defineOp<{ labels: Tensor; lam: Tensor }, "y", { classes: number; on: number; off: number }>({
  name: "mix_targets",
  outputs({ labels, lam }, { classes }) {
    if (labels.dtype !== "u32") throw new ShapeError(`mixTargets: the labels ${labels} are not u32; give class numbers`);
    checkLam("mixTargets", lam);
    return { y: [labels.size, classes] };
  },
  launches: ({ y: { size, shape: [B, K] } }, { on, off }) => [{
    label: "image/mix_targets",
    wgsl: flatIndex + mixTargetsWgsl,
    dims: { Y: size, B, K, on, off },
    workgroups: Math.ceil(size / 64),
  }],
  backward: null,
  reference({ labels, lam: [lam] }, { y: { shape: [B, K] } }, { on, off }) {
    const y = new Float64Array(B * K);
    for (let b = 0; b < B; b++) {
      for (let k = 0; k < K; k++) y[b * K + k] = lam * (labels[b] === k ? on : off) + (1 - lam) * (labels[B - 1 - b] === k ? on : off);
    }
    return { y };
  },
});

function checkLam(op: string, lam: Tensor): void {
  if (lam.size !== 1) throw new ShapeError(`${op}: the share ${lam} holds ${lam.size} values; give a tensor of one`);
}
