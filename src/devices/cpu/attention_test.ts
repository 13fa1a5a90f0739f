import { afterAll, beforeAll, expect, test } from "bun:test";
import { CpuKernels } from "./kernels.ts";
import { farthest, noise, onEveryTeam, put } from "./testing.ts";

let kernels: CpuKernels;
beforeAll(async () => {
  kernels = await CpuKernels.open({ threads: 2 });
});
afterAll(() => kernels.close());

interface Sizes {
  B: number;
  NH: number;
  T: number;
  HS: number;
}

/** Inputs in the packed layout: qkv (B, T, 3, NH, HS), out and dout (B, T, NH, HS), bias (NH, T, T), mask (B, T). */
function inputs({ B, NH, T, HS }: Sizes) {
  const mask = noise(B * T, 4).map((v, i) => i % T === 0 || v > -0.4 ? 1 : 0);
  return { qkv: noise(3 * B * T * NH * HS, 1), bias: noise(NH * T * T, 2), dout: noise(B * T * NH * HS, 3), mask };
}

/** Forward and backward in plain loops, double precision. */
function reference(
  { B, NH, T, HS }: Sizes,
  scale: number,
  { qkv, dout, bias, mask }: ReturnType<typeof inputs>,
  withBias: boolean,
  withMask: boolean,
) {
  const out = new Float64Array(dout.length), lse = new Float64Array(B * NH * T), dqkv = new Float64Array(qkv.length);
  const dbias = new Float64Array(bias.length);
  for (let b = 0; b < B; b++) {
    for (let h = 0; h < NH; h++) {
      const at = (part: number, t: number) => ((b * T + t) * 3 + part) * NH * HS + h * HS, o = (t: number) => ((b * T + t) * NH + h) * HS;
      const dot = (x: ArrayLike<number>, i: number, y: ArrayLike<number>, j: number) => {
        let sum = 0;
        for (let d = 0; d < HS; d++) sum += x[i + d] * y[j + d];
        return sum;
      };
      for (let t = 0; t < T; t++) {
        const s = Array.from({ length: T }, (_, u) => {
          if (withMask && !mask[b * T + u]) return -Infinity;
          return dot(qkv, at(0, t), qkv, at(1, u)) * scale + (withBias ? bias[(h * T + t) * T + u] : 0);
        });
        const most = s.reduce((x, y) => Math.max(x, y)), sum = s.reduce((x, y) => x + Math.exp(y - most), 0);
        lse[(b * NH + h) * T + t] = most + Math.log(sum);
        const p = s.map((x) => Math.exp(x - most) / sum);
        p.forEach((x, u) => {
          for (let d = 0; d < HS; d++) out[o(t) + d] += x * qkv[at(2, u) + d];
        });
        const D = dot(out, o(t), dout, o(t));
        p.forEach((x, u) => {
          const ds = x * (dot(dout, o(t), qkv, at(2, u)) - D);
          dbias[(h * T + t) * T + u] += ds;
          for (let d = 0; d < HS; d++) {
            dqkv[at(0, t) + d] += scale * ds * qkv[at(1, u) + d];
            dqkv[at(1, u) + d] += scale * ds * qkv[at(0, t) + d];
            dqkv[at(2, u) + d] += x * dout[o(t) + d];
          }
        });
      }
    }
  }
  return { out, lse, dqkv, dbias };
}

function compute(team: CpuKernels, sizes: Sizes, scale: number, data: ReturnType<typeof inputs>, withBias: boolean, withMask: boolean) {
  const { B, NH, T, HS } = sizes, width = NH * HS;
  const q = put(team, data.qkv), dq = team.allocate(4 * data.qkv.length), out = team.allocate(4 * data.dout.length);
  const lse = team.allocate(4 * B * NH * T), dbias = team.allocate(4 * data.bias.length);
  const job = {
    ...{ ...sizes, q, k: q + 4 * width, v: q + 8 * width, strides: { batch: 3 * T * width, token: 3 * width, head: HS }, scale },
    ...{ bias: withBias ? put(team, data.bias) : 0, mask: withMask ? put(team, data.mask) : 0 },
    ...{ out, outStrides: { batch: T * width, token: width, head: HS }, lse },
  };
  team.attention(job);
  const gradients = { dq, dk: dq + 4 * width, dv: dq + 8 * width, dbias: withBias ? dbias : 0 };
  team.attentionBackward({ ...job, dout: put(team, data.dout), ...gradients });
  return {
    ...{ out: team.f32(out, data.dout.length), lse: team.f32(lse, B * NH * T) },
    ...{ dqkv: team.f32(dq, data.qkv.length), dbias: team.f32(dbias, data.bias.length) },
  };
}

const cases: Sizes[] = [
  { B: 1, NH: 1, T: 1, HS: 1 },
  { B: 3, NH: 2, T: 5, HS: 3 },
  { B: 2, NH: 3, T: 50, HS: 16 },
  { B: 19, NH: 1, T: 17, HS: 8 }, // more pictures than groups of the bias gradient
  { B: 1, NH: 2, T: 211, HS: 36 }, // longer than a block of either direction
];

for (const sizes of cases) {
  for (const [withBias, withMask] of [[false, false], [true, false], [true, true]]) {
    const name = `B ${sizes.B}, NH ${sizes.NH}, T ${sizes.T}, HS ${sizes.HS}${withBias ? ", bias" : ""}${withMask ? ", mask" : ""}`;
    test(`attention() and its gradients equal plain loops at ${name}`, () => {
      const data = inputs(sizes), scale = 1.7 / Math.sqrt(sizes.HS);
      const wanted = reference(sizes, scale, data, withBias, withMask), got = compute(kernels, sizes, scale, data, withBias, withMask);
      expect(farthest(got.out, wanted.out), "out").toBeLessThan(2e-6);
      expect(farthest(got.lse, wanted.lse), "lse").toBeLessThan(3e-6);
      expect(farthest(got.dqkv, wanted.dqkv), "dqkv").toBeLessThan(1e-5);
      if (withBias) expect(farthest(got.dbias, wanted.dbias), "dbias").toBeLessThan(1e-5);
    });
  }
}

test("attention() gives 0 and no gradient where every key is masked", () => {
  const sizes = { B: 2, NH: 1, T: 6, HS: 4 }, data = inputs(sizes);
  data.mask.fill(0, 0, 6);
  const { out, lse, dqkv, dbias } = compute(kernels, sizes, 0.5, data, true, true);
  expect(out.subarray(0, 24).every((v) => v === 0)).toBe(true);
  expect(lse[0]).toBe(-Infinity);
  expect(dqkv.subarray(0, 72).every((v) => v === 0)).toBe(true);
  expect([...out, ...dqkv, ...dbias].some(Number.isNaN)).toBe(false);
});

test("attention() carries NaN into its picture and head only", () => {
  const sizes = { B: 2, NH: 2, T: 9, HS: 4 }, data = inputs(sizes);
  data.qkv[8] = NaN; // k of batch 0, head 0, token 0
  const { out } = compute(kernels, sizes, 0.5, data, false, false);
  expect(Array.from(out, (v, i) => Number.isNaN(v) === (i < 72 && i % 8 < 4)).every(Boolean)).toBe(true);
});

test("attention() has the same bits for any number of threads, the gradient of the bias too", async () => {
  const sizes = { B: 5, NH: 3, T: 61, HS: 12 }, data = inputs(sizes);
  const outcomes = await onEveryTeam((team) => Object.values(compute(team, sizes, 0.3, data, true, true)));
  for (const { name, results } of outcomes.slice(1, 4)) {
    expect(results.map((result, i) => farthest(result, outcomes[0].results[i])), name).toEqual([0, 0, 0, 0]);
  }
});
