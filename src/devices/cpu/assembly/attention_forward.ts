// @ts-nocheck AssemblyScript: build.ts compiles it to WASM, TypeScript does not know its types.
//
// out = softmax(q kᵀ scale + bias) v for each (batch, head), a block of queries at a time: the scores never leave the second cache.

import { Attention, input, output, roundToColumns, scores } from "./attention";
import { packPanels } from "./pack";
import { exp4, loadPart, log1, max1, storePart, sum1 } from "./simd";
import { take } from "./team";
import { MR, multiply, NR } from "./tile";

/** Turns a row of products into exp(score - max) in place; returns 1 / sum and writes the log-sum-exp. */
function softmaxRow(row: usize, T: i32, scale: v128, bias: usize, mask: usize, lse: usize): f32 {
  const one = f32x4.splat(1), zero = f32x4.splat(0);
  let most = f32x4.splat(-f32.POSITIVE_INFINITY);
  for (let i = 0; i < T; i += 4) {
    const at = <usize> i << 2, n = T - i;
    const s = scores(v128.load(row + at), scale, bias ? loadPart(bias + at, n, 0) : zero, mask ? loadPart(mask + at, n, 0) : one, n);
    v128.store(row + at, s);
    most = f32x4.pmax(most, s);
  }
  let top = max1(most);
  if (top == -f32.POSITIVE_INFINITY) top = 0; // no key is there: all weights are 0
  const m = f32x4.splat(top);
  let sum = zero;
  for (let i = 0; i < T; i += 4) {
    const at = <usize> i << 2, e = exp4(f32x4.sub(v128.load(row + at), m));
    v128.store(row + at, e);
    sum = f32x4.add(sum, e);
  }
  const total = sum1(sum);
  store<f32>(lse, top + log1(total));
  return total == 0 ? 0 : 1 / total;
}

export function attentionForward(job: Attention, thread: i32): void {
  const T = job.T, HS = job.HS, R = job.blockRows, Tp = roundToColumns(T), HSp = roundToColumns(HS);
  const kPanels = job.scratch + <usize> thread * job.scratchBytes, vPanels = kPanels + (<usize> Tp * HS << 2);
  const qPanels = vPanels + (<usize> HSp * T << 2), s = qPanels + (<usize> R * HS << 2);
  const pPanels = s + (<usize> R * Tp << 2), o = pPanels + (<usize> R * T << 2);
  const token = job.tokenStride << 2, outToken = job.outTokenStride << 2, scale = f32x4.splat(job.scale);
  const units = job.B * job.NH;
  for (let unit = take(0); unit < units; unit = take(0)) {
    const batch = unit / job.NH, head = unit % job.NH;
    const q = input(job, job.q, batch, head), out = output(job, job.out, batch, head);
    packPanels(input(job, job.k, batch, head), token, true, T, HS, kPanels, NR);
    packPanels(input(job, job.v, batch, head), token, false, HS, T, vPanels, NR);
    const mask = job.mask ? job.mask + (<usize> batch * T << 2) : 0;
    for (let t = 0; t < T; t += R) {
      const rows = min(R, T - t);
      packPanels(q + <usize> t * token, token, true, rows, HS, qPanels, MR);
      multiply(qPanels, rows, kPanels, T, HS, s, <usize> Tp << 2, true);
      for (let r = 0; r < rows; r++) {
        const bias = job.bias ? job.bias + ((<usize> (head * T + t + r) * T) << 2) : 0;
        const factor = softmaxRow(s + (<usize> r * Tp << 2), T, scale, bias, mask, job.lse + ((<usize> unit * T + t + r) << 2));
        store<f32>(o + (<usize> (R * HSp + r) << 2), factor);
      }
      packPanels(s, <usize> Tp << 2, true, rows, T, pPanels, MR);
      multiply(pPanels, rows, vPanels, HS, T, o, <usize> HSp << 2, true);
      for (let r = 0; r < rows; r++) {
        const factor = f32x4.splat(load<f32>(o + (<usize> (R * HSp + r) << 2)));
        const from = o + (<usize> r * HSp << 2), to = out + <usize> (t + r) * outToken;
        for (let i = 0; i < HS; i += 4) storePart(to + (<usize> i << 2), f32x4.mul(v128.load(from + (<usize> i << 2)), factor), HS - i);
      }
    }
  }
}
