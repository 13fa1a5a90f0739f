// One checker for every op: each device against the references in float64, values and gradients, and the gradients against
// central differences. WebGPU devices that have f16 run the last case once more with everything that ops allow in f16.

import { expect, test } from "bun:test";
import { multiply } from "../kernels/mod.ts";
import { gradients } from "../src/gradients.ts";
import { constant, type DType, input, type Shape, type Tensor } from "../src/graph.ts";
import type { Device } from "../src/devices/device.ts";
import { interpret } from "../src/interpret.ts";
import { compile } from "../src/program.ts";
import { philox4x32 } from "../src/philox.ts";
import { providers } from "./providers.ts";

/** A shape stands for normal values; `values` gives them otherwise; `fixed` leaves take no gradient. */
export type Leaf = Shape | { shape: Shape; values?: (i: number) => number; dtype?: DType; fixed?: boolean };

export interface CheckOptions {
  /** Largest error on a device, relative to the largest value of the tensor (absolute below 1). */
  tolerance?: number;
  /** Largest error of the gradient against central differences in float64; null where a kink makes them meaningless. */
  differences?: number | null;
  /** Largest error on a device where values lie in f16, whose spacing is 2^-10 of a value; null where that is no test. */
  f16?: number | null;
}

export function checkOp(
  name: string,
  make: (...inputs: Tensor[]) => Tensor,
  cases: readonly Leaf[][],
  { tolerance = 1e-5, differences = 1e-6, f16 = 3e-3 }: CheckOptions = {},
): void {
  for (const [n, leaves] of cases.entries()) {
    const size = leaves.map((leaf) => `(${shapeOf(leaf).join(", ")})`).join(" ");
    for (const provider of providers) {
      test(`${name} matches its reference on ${provider.name}, values and gradients, at ${size}`, async () => {
        await checkDevice(await provider.open(), build(make, leaves), tolerance);
      });
      if (f16 === null || !provider.f16 || n < cases.length - 1) continue;
      test(`${name} in f16 matches its reference on ${provider.name}, values and gradients, at ${size}`, async () => {
        await checkDevice(await provider.open(), build(passedOn(make), leaves, f16Exact), f16, 2);
      }, 120_000);
    }
    if (differences === null) continue;
    test(`${name} has the gradient of its reference at ${size}`, () => checkDifferences(make, leaves, differences));
  }
}

async function checkDevice(device: Device, { wanted, values, byName }: Built, tolerance: number, f16?: number): Promise<void> {
  const expected = interpret(wanted.map(([, t]) => t), values);
  const program = await compile(device, Object.fromEntries(wanted), { f16 });
  program.write(byName);
  program.run();
  for (const [i, [label]] of wanted.entries()) expectClose(await program.read(label), expected[i], tolerance, label);
  program.destroy();
}

/** The same function with a node before and behind, since leaves and outputs of a program always lie in f32. */
function passedOn(make: (...inputs: Tensor[]) => Tensor): (...inputs: Tensor[]) => Tensor {
  const one = constant("one", [1], [1]), pass = (t: Tensor) => t.dtype === "f32" ? multiply(t, one) : t;
  return (...inputs) => pass(make(...inputs.map(pass)));
}

/** The nearest number that f16 has too, up to 8. */
const f16Exact = (v: number) => Math.round(v * 256) / 256;

/** Fails with the place of the largest error. */
export function expectClose(got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number, label: string): void {
  expect(got.length, label).toBe(want.length);
  let scale = 1, worst = 0, at = 0;
  for (let i = 0; i < want.length; i++) if (Number.isFinite(want[i])) scale = Math.max(scale, Math.abs(want[i]));
  for (let i = 0; i < want.length; i++) {
    const error = Object.is(got[i], want[i]) || got[i] === want[i] ? 0 : Math.abs(got[i] - want[i]) / scale;
    if (!(error <= worst)) [worst, at] = [error, i];
    if (Number.isNaN(error)) break;
  }
  if (!(worst <= tolerance)) {
    throw new Error(
      `${label}: ${got[at]} at ${at}, expected ${want[at]}; error ${worst.toExponential(2)} of ${
        scale.toPrecision(3)
      }, allowed ${tolerance}`,
    );
  }
}

type Built = ReturnType<typeof build>;

/** `rounded` acts on normal values. */
function build(make: (...inputs: Tensor[]) => Tensor, leaves: readonly Leaf[], rounded = (v: number) => v) {
  const inputs = leaves.map((leaf, i) => input(`in${i}`, shapeOf(leaf), dtypeOf(leaf)));
  const values = new Map<Tensor, number[]>(inputs.map((t, i) => [t, valuesOf(leaves[i], t.size, i, rounded)]));
  const y = make(...inputs);
  const wanted: [string, Tensor][] = [["y", y]];
  const free = inputs.filter((_, i) => isFree(leaves[i]));
  if (y.dtype === "f32" && free.length) {
    const dy = input("dy", y.shape);
    values.set(dy, valuesOf(y.shape, y.size, 99, rounded));
    gradients(y, free, dy).forEach((d, i) => wanted.push([`d${free[i].name}`, d]));
  }
  return { inputs, free, wanted, values, byName: Object.fromEntries([...values].map(([t, v]) => [t.name, v])) };
}

function checkDifferences(make: (...inputs: Tensor[]) => Tensor, leaves: readonly Leaf[], tolerance: number): void {
  const { free, wanted, values } = build(make, leaves);
  if (wanted.length < 2) return;
  const [[, y], ...rest] = wanted;
  const dy = [...values].find(([t]) => t.name === "dy")![1];
  const loss = () => Array.from(interpret([y], values)[0]).reduce((sum, v, i) => sum + v * dy[i], 0);
  const analytic = interpret(rest.map(([, t]) => t), values);
  const h = 1e-5;
  free.forEach((t, n) => {
    const v = values.get(t)!;
    const scale = Math.max(1, ...Array.from(analytic[n], Math.abs));
    const stride = Math.max(1, Math.floor(t.size / 12));
    for (let i = 0; i < t.size; i += stride) {
      const kept = v[i];
      v[i] = kept + h;
      const above = loss();
      v[i] = kept - h;
      const below = loss();
      v[i] = kept;
      const numeric = (above - below) / (2 * h);
      if (!(Math.abs(numeric - analytic[n][i]) <= tolerance * scale)) {
        throw new Error(`d${t.name}[${i}] is ${analytic[n][i]}, central differences give ${numeric}`);
      }
    }
  });
}

const shapeOf = (leaf: Leaf): Shape => "shape" in leaf ? leaf.shape : leaf;
const dtypeOf = (leaf: Leaf): DType => ("shape" in leaf && leaf.dtype) || "f32";
const isFree = (leaf: Leaf) => dtypeOf(leaf) === "f32" && !("shape" in leaf && leaf.fixed);

function valuesOf(leaf: Leaf, size: number, salt: number, rounded: (v: number) => number): number[] {
  if ("shape" in leaf && leaf.values) {
    return Array.from({ length: size }, (_, i) => leaf.values!(i)).map((v) => dtypeOf(leaf) === "f32" ? Math.fround(v) : v);
  }
  return normals(size, salt).map(rounded);
}

/** Normal values that depend on their number and `salt` alone, exact in f32. */
export function normals(size: number, salt = 0): number[] {
  return Array.from({ length: size }, (_, i) => {
    const [a, b] = philox4x32([i, salt, 0, 0], [7, 11]);
    return Math.fround(Math.sqrt(-2 * Math.log((a + 1) / 2 ** 32)) * Math.cos(2 * Math.PI * b / 2 ** 32));
  });
}
