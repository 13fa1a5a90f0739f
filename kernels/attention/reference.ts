// Attention in plain loops, forward and backward.

import type { Layout } from "./layout.ts";

type Values = ArrayLike<number>;

export interface AttentionData {
  qkv: Values;
  bias?: Values;
  keys?: Values;
}

/** One query's view of the tensors: where it lies, and its probability for every key (0 for padding). */
interface Query {
  b: number;
  h: number;
  i: number;
  /** Place of d = 0 of its q, of key j (v is `part` further) and of its output. */
  q: number;
  key: (j: number) => number;
  out: number;
  p: Float64Array;
  lse: number;
}

export function forward(data: AttentionData, layout: Layout, scale: number): { out: Float64Array; lse: Float64Array } {
  const { B, T, NH, HS, part } = layout;
  const out = new Float64Array(B * T * NH * HS), lse = new Float64Array(B * NH * T);
  for (const query of queries(data, layout, scale)) {
    lse[(query.b * NH + query.h) * T + query.i] = query.lse;
    query.p.forEach((p, j) => {
      for (let d = 0; p !== 0 && d < HS; d++) out[query.out + d] += p * data.qkv[query.key(j) + part + d];
    });
  }
  return { out, lse };
}

export function backward(data: AttentionData & { dout: Values }, layout: Layout, scale: number) {
  const { B, T, NH, HS, part } = layout, { qkv, dout } = data;
  const dqkv = new Float64Array(qkv.length), D = new Float64Array(B * NH * T), dbias = new Float64Array(data.bias ? NH * T * T : 1);
  for (const { b, h, i, q, key, out, p } of queries(data, layout, scale)) {
    const dp = p.map((value, j) => {
      let sum = 0;
      for (let d = 0; value !== 0 && d < HS; d++) sum += dout[out + d] * qkv[key(j) + part + d];
      return sum;
    });
    const mean = D[(b * NH + h) * T + i] = p.reduce((sum, value, j) => sum + value * dp[j], 0);
    p.forEach((value, j) => {
      if (value === 0) return;
      const dscore = value * (dp[j] - mean), k = key(j);
      if (data.bias) dbias[(h * T + i) * T + j] += dscore;
      for (let d = 0; d < HS; d++) {
        dqkv[q + d] += scale * dscore * qkv[k + d];
        dqkv[k + d] += scale * dscore * qkv[q + d];
        dqkv[k + part + d] += value * dout[out + d];
      }
    });
  }
  return { dqkv, D, dbias };
}

function* queries({ qkv, bias, keys }: AttentionData, { B, T, NH, HS, part, strides: s, outStrides: o }: Layout, scale: number) {
  for (let b = 0; b < B; b++) {
    for (let h = 0; h < NH; h++) {
      for (let i = 0; i < T; i++) {
        const q = b * s.batch + i * s.token + h * s.head, key = (j: number) => b * s.batch + j * s.token + h * s.head + part;
        const scores = Float64Array.from({ length: T }, (_, j) => {
          if (keys && keys[b * T + j] === 0) return -Infinity;
          let sum = bias ? bias[(h * T + i) * T + j] : 0;
          for (let d = 0; d < HS; d++) sum += scale * qkv[q + d] * qkv[key(j) + d];
          return sum;
        });
        const largest = scores.reduce((a, c) => Math.max(a, c)), empty = largest === -Infinity;
        const total = empty ? 0 : scores.reduce((sum, score) => sum + Math.exp(score - largest), 0);
        const p = scores.map((score) => empty ? 0 : Math.exp(score - largest) / total);
        const query: Query = {
          b,
          h,
          i,
          q,
          key,
          out: b * o.batch + i * o.token + h * o.head,
          p,
          lse: empty ? 0 : largest + Math.log(total),
        };
        yield query;
      }
    }
  }
}
