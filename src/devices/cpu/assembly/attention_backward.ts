// @ts-nocheck AssemblyScript: build.ts compiles it to WASM, TypeScript does not know its types.
//
// With P = exp(q kᵀ scale + bias - lse), dP = dout vᵀ and D = rowsum(dout * out): dS = P * (dP - D), dq = scale dS k, dk = scale dSᵀ q,
// dv = Pᵀ dout, and dbias = dS summed over the batch: within a group in the order of the batch, then over the groups in order, so that the
// sum is the same for any number of threads.

import { Attention, input, output, roundToColumns, roundToRows, scores } from "./attention";
import { packPanels } from "./pack";
import { exp4, loadPart, storePart, sum1 } from "./simd";
import { arrive, finish, take } from "./team";
import { MR, multiply, NR } from "./tile";

/** p: a row of products, turned into probabilities; ds: a row of dP, turned into dS, and added to dbias unless it is the first. */
function backwardRow(job: Attention, p: usize, ds: usize, lse: f32, D: f32, bias: usize, mask: usize, dbias: usize, first: bool): void {
  const T = job.T, one = f32x4.splat(1), zero = f32x4.splat(0), scale = f32x4.splat(job.scale);
  const l = f32x4.splat(lse == -f32.POSITIVE_INFINITY ? 0 : lse), d = f32x4.splat(D); // no key is there: all scores are minus infinity, too
  for (let i = 0; i < T; i += 4) {
    const at = <usize> i << 2, n = T - i;
    const s = scores(v128.load(p + at), scale, bias ? loadPart(bias + at, n, 0) : zero, mask ? loadPart(mask + at, n, 0) : one, n);
    const weight = exp4(f32x4.sub(s, l)), slope = f32x4.mul(weight, f32x4.sub(v128.load(ds + at), d));
    v128.store(p + at, weight);
    v128.store(ds + at, slope);
    if (dbias) storePart(dbias + at, first ? slope : f32x4.add(slope, loadPart(dbias + at, n, 0)), n);
  }
}

function dotRow(a: usize, b: usize, n: i32): f32 {
  let sum = f32x4.splat(0);
  for (let i = 0; i < n; i += 4) {
    const at = <usize> i << 2;
    sum = f32x4.add(sum, f32x4.mul(loadPart(a + at, n - i, 0), loadPart(b + at, n - i, 0)));
  }
  return sum1(sum);
}

function writeRows(from: usize, ld: usize, rows: i32, columns: i32, factor: f32, to: usize, step: usize): void {
  const f = f32x4.splat(factor);
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < columns; i += 4) {
      storePart(to + (<usize> i << 2), f32x4.mul(v128.load(from + (<usize> i << 2)), f), columns - i);
    }
    from += ld;
    to += step;
  }
}

function backwardHead(job: Attention, batch: i32, head: i32, scratch: usize, dbias: usize, first: bool): void {
  const T = job.T, HS = job.HS, R = job.blockRows, Tp = roundToColumns(T), Tm = roundToRows(T), HSp = roundToColumns(HS);
  const kRows = scratch, vRows = kRows + (<usize> Tp * HS << 2), kColumns = vRows + (<usize> Tp * HS << 2);
  const qA = kColumns + (<usize> HSp * T << 2), doutA = qA + (<usize> R * HS << 2);
  const qB = doutA + (<usize> R * HS << 2), doutB = qB + (<usize> R * HSp << 2);
  const p = doutB + (<usize> R * HSp << 2), ds = p + (<usize> R * Tp << 2);
  const panels = ds + (<usize> R * Tp << 2), dq = panels + (<usize> R * Tm << 2);
  const dk = dq + (<usize> R * HSp << 2), dv = dk + (<usize> Tm * HSp << 2);

  const token = job.tokenStride << 2, outToken = job.outTokenStride << 2, ldT = <usize> Tp << 2, ldH = <usize> HSp << 2;
  const q = input(job, job.q, batch, head), k = input(job, job.k, batch, head);
  const out = output(job, job.out, batch, head), dout = output(job, job.dout, batch, head);
  const mask = job.mask ? job.mask + (<usize> batch * T << 2) : 0;
  packPanels(k, token, true, T, HS, kRows, NR);
  packPanels(k, token, false, HS, T, kColumns, NR);
  packPanels(input(job, job.v, batch, head), token, true, T, HS, vRows, NR);

  for (let t = 0; t < T; t += R) {
    const rows = min(R, T - t), qBlock = q + <usize> t * token, doutBlock = dout + <usize> t * outToken;
    packPanels(qBlock, token, true, rows, HS, qA, MR);
    packPanels(doutBlock, outToken, true, rows, HS, doutA, MR);
    multiply(qA, rows, kRows, T, HS, p, ldT, true);
    multiply(doutA, rows, vRows, T, HS, ds, ldT, true);
    for (let r = 0; r < rows; r++) {
      const row = t + r, square = <usize> (head * T + row) * T << 2;
      const D = dotRow(doutBlock + <usize> r * outToken, out + <usize> row * outToken, HS);
      const lse = load<f32>(job.lse + ((<usize> (batch * job.NH + head) * T + row) << 2));
      const bias = job.bias ? job.bias + square : 0;
      backwardRow(job, p + <usize> r * ldT, ds + <usize> r * ldT, lse, D, bias, mask, dbias ? dbias + square : 0, first);
    }
    // dq = scale dS k
    packPanels(ds, ldT, true, rows, T, panels, MR);
    multiply(panels, rows, kColumns, HS, T, dq, ldH, true);
    writeRows(dq, ldH, rows, HS, job.scale, input(job, job.dq, batch, head) + <usize> t * token, token);
    // dk += dSᵀ q, dv += Pᵀ dout
    packPanels(qBlock, token, false, HS, rows, qB, NR);
    packPanels(ds, ldT, false, T, rows, panels, MR);
    multiply(panels, T, qB, HS, rows, dk, ldH, t == 0);
    packPanels(doutBlock, outToken, false, HS, rows, doutB, NR);
    packPanels(p, ldT, false, T, rows, panels, MR);
    multiply(panels, T, doutB, HS, rows, dv, ldH, t == 0);
  }
  writeRows(dk, ldH, T, HS, job.scale, input(job, job.dk, batch, head), token);
  writeRows(dv, ldH, T, HS, 1, input(job, job.dv, batch, head), token);
}

const UNIT = 8192;

export function attentionBackward(job: Attention, thread: i32): void {
  const NH = job.NH, scratch = job.scratch + <usize> thread * job.scratchBytes;
  if (!job.dbias) {
    const units = job.B * NH;
    for (let unit = take(0); unit < units; unit = take(0)) backwardHead(job, unit / NH, unit % NH, scratch, 0, true);
    return;
  }
  const size = NH * job.T * job.T, groups = job.groups, length = (job.B + groups - 1) / groups, units = groups * NH;
  for (let unit = take(0); unit < units; unit = take(0)) {
    const group = unit / NH, first = group * length, end = min(job.B, first + length);
    const dbias = job.partial + (<usize> group * size << 2);
    for (let batch = first; batch < end; batch++) backwardHead(job, batch, unit % NH, scratch, dbias, batch == first);
    finish(0, units);
  }
  arrive(0, units, thread);
  const strips = (size + UNIT - 1) / UNIT;
  for (let unit = take(1); unit < strips; unit = take(1)) {
    const end = min(size, (unit + 1) * UNIT);
    for (let i = unit * UNIT; i < end; i += 4) {
      let sum = f32x4.splat(0);
      for (let g = 0; g < groups; g++) sum = f32x4.add(sum, loadPart(job.partial + ((<usize> g * size + i) << 2), end - i, 0));
      storePart(job.dbias + (<usize> i << 2), sum, end - i);
    }
  }
}
