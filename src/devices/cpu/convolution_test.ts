import { afterAll, beforeAll, expect, test } from "bun:test";
import { convOut, type ConvShape } from "./convolution.ts";
import { CpuKernels } from "./kernels.ts";
import { farthest, noise, onEveryTeam, put } from "./testing.ts";

let kernels: CpuKernels;
beforeAll(async () => {
  kernels = await CpuKernels.open({ threads: 2 });
});
afterAll(() => kernels.close());

const data = ({ B, C, H, W, O, KH, KW }: ConvShape, area: number) => ({
  ...{ x: noise(B * C * H * W, 1), w: noise(O * C * KH * KW, 2), dy: noise(B * O * area, 3) },
  ...{ bias: noise(O, 4), biasC: noise(C, 5) },
});

/** y, dx and dw in plain loops. */
function reference(shape: ConvShape, { x, w, dy, bias, biasC }: ReturnType<typeof data>) {
  const { C, H, W, O, KH, KW, stride, padding } = shape, [OH, OW] = convOut(shape);
  const y = new Float64Array(dy.length), dx = new Float64Array(x.length), dw = new Float64Array(w.length);
  dx.forEach((_, i) => dx[i] = biasC[Math.floor(i / (H * W)) % C]);
  for (let i = 0; i < y.length; i++) {
    const ox = i % OW, oy = Math.floor(i / OW) % OH, o = Math.floor(i / OW / OH) % O, b = Math.floor(i / OW / OH / O);
    y[i] = bias[o];
    for (let c = 0; c < C; c++) {
      for (let ky = 0; ky < KH; ky++) {
        for (let kx = 0; kx < KW; kx++) {
          const iy = oy * stride - padding + ky, ix = ox * stride - padding + kx;
          if (iy < 0 || iy >= H || ix < 0 || ix >= W) continue;
          const at = ((b * C + c) * H + iy) * W + ix, k = ((o * C + c) * KH + ky) * KW + kx;
          y[i] += x[at] * w[k];
          dx[at] += dy[i] * w[k];
          dw[k] += dy[i] * x[at];
        }
      }
    }
  }
  return { y, dx, dw };
}

function compute(team: CpuKernels, shape: ConvShape, values: ReturnType<typeof data>) {
  const [x, w, dy, bias, biasC] = Object.values(values).map((array) => put(team, array));
  const [y, dx, dw] = [values.dy, values.x, values.w].map(({ length }) => team.allocate(4 * length));
  team.conv({ ...shape, x, w, y, bias });
  team.convDataGradient({ ...shape, dy, w, dx, bias: biasC });
  team.convWeightGradient({ ...shape, x, dy, dw });
  return { y: team.f32(y, values.dy.length), dx: team.f32(dx, values.x.length), dw: team.f32(dw, values.w.length) };
}

const shapes: ConvShape[] = [
  { B: 1, C: 1, H: 1, W: 1, O: 1, KH: 1, KW: 1, stride: 1, padding: 0 },
  { B: 2, C: 3, H: 7, W: 9, O: 5, KH: 3, KW: 3, stride: 1, padding: 1 },
  { B: 3, C: 2, H: 24, W: 37, O: 7, KH: 3, KW: 3, stride: 1, padding: 1 }, // rows longer than a panel
  { B: 2, C: 4, H: 11, W: 10, O: 9, KH: 4, KW: 4, stride: 2, padding: 1 },
  { B: 2, C: 3, H: 32, W: 32, O: 6, KH: 7, KW: 5, stride: 3, padding: 3 },
  { B: 2, C: 3, H: 32, W: 32, O: 20, KH: 8, KW: 8, stride: 8, padding: 0 }, // patches
  { B: 5, C: 2, H: 70, W: 70, O: 2, KH: 1, KW: 1, stride: 1, padding: 0 }, // weight gradient in more than one part
  { B: 2, C: 2, H: 4, W: 5, O: 3, KH: 5, KW: 2, stride: 1, padding: 4 }, // padding wider than the picture's edge needs
];

for (const shape of shapes) {
  const { B, C, H, W, O, KH, KW, stride, padding } = shape;
  test(`convolution and its gradients equal plain loops, ${B}x${C}x${H}x${W} to ${O}, ${KH}x${KW}, stride ${stride}, padding ${padding}`, () => {
    const [OH, OW] = convOut(shape),
      values = data(shape, OH * OW),
      wanted = reference(shape, values),
      got = compute(kernels, shape, values);
    expect(farthest(got.y, wanted.y), "y").toBeLessThan(2e-5);
    expect(farthest(got.dx, wanted.dx), "dx").toBeLessThan(2e-5);
    expect(farthest(got.dw, wanted.dw), "dw").toBeLessThan(3e-4);
  });
}

test("convDataGradient() and conv() work through more patches than they keep", () => {
  const shape = { B: 5, C: 128, H: 56, W: 56, O: 2, KH: 3, KW: 3, stride: 1, padding: 1 };
  const values = data(shape, 56 * 56), wanted = reference(shape, values), got = compute(kernels, shape, values);
  expect(farthest(got.y, wanted.y)).toBeLessThan(1e-4);
  expect(farthest(got.dx, wanted.dx)).toBeLessThan(1e-4);
  expect(farthest(got.dw, wanted.dw)).toBeLessThan(2e-3);
});

test("convolution has the same bits for any number of threads", async () => {
  const shape = { B: 3, C: 8, H: 19, W: 18, O: 12, KH: 3, KW: 3, stride: 2, padding: 1 }, [OH, OW] = convOut(shape);
  const outcomes = await onEveryTeam((team) => Object.values(compute(team, shape, data(shape, OH * OW))));
  for (const { name, results } of outcomes.slice(1, 4)) {
    expect(results.map((result, i) => farthest(result, outcomes[0].results[i])), name).toEqual([0, 0, 0]);
  }
});
