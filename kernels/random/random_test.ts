import { expect, test } from "bun:test";
import { defineOp, input, type Tensor } from "../../src/graph.ts";
import { interpret } from "../../src/interpret.ts";
import { philox4x32 } from "../../src/philox.ts";
import { compile } from "../../src/program.ts";
import { checkOp, type Leaf } from "../../tests/check_op.ts";
import { providers } from "../../tests/providers.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import philoxWgsl from "../common/philox.wgsl" with { type: "text" };
import { gumbel, normal, uniform } from "./random.ts";
import { Random, randomSource } from "./source.ts";

const state: Leaf = { shape: [2], dtype: "u32", values: (i) => [4000000007, 12][i] };
for (const size of [1, 5, 259, 2000]) {
  checkOp(`uniform() of ${size}`, (s) => uniform([size], new Random(s)), [[state]], { tolerance: 0 });
  checkOp(`normal() of ${size}`, (s) => normal([size], new Random(s)), [[state]]);
  checkOp(`gumbel() of ${size}`, (s) => gumbel([size], new Random(s)), [[state]]);
}

/** The generator alone: words (N, 4) of counters (N, 4) under keys (N, 2). */
const words = defineOp<{ counters: Tensor; keys: Tensor }, "y">({
  name: "words",
  outputs: ({ counters }) => ({ y: { shape: counters.shape, dtype: "u32" } }),
  launches: ({ counters }) => [{
    label: "words",
    wgsl: flatIndex + philoxWgsl + `
struct Dims { N: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> counters: array<vec4u>;
@group(0) @binding(2) var<storage, read> keys: array<vec2u>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4u>;
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i < dims.N) { y[i] = philox4x32(counters[i], keys[i]); }
}`,
    dims: { N: counters.shape[0] },
    workgroups: Math.ceil(counters.shape[0] / 64),
  }],
  backward: null,
  reference({ counters, keys }, { y }) {
    const out = new Uint32Array(y.size);
    for (let i = 0; i < y.size / 4; i++) {
      philox4x32(counters.subarray(4 * i, 4 * i + 4), keys.subarray(2 * i, 2 * i + 2), out.subarray(4 * i));
    }
    return { y: out };
  },
});

// Known answers of the authors' library, Random123 (examples/kat_vectors, philox4x32 10).
const published = [
  [[0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
  [[2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1], [2 ** 32 - 1, 2 ** 32 - 1], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]],
  [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]],
];

for (const { name, open } of providers) {
  test(`philox4x32 gives the published words and those of the CPU, bit for bit, on ${name}`, async () => {
    const N = 203;
    const counters = input("counters", [N, 4], "u32"), keys = input("keys", [N, 2], "u32");
    const own = Array.from({ length: N - 3 }, (_, i) => Array.from(philox4x32([i, 1, 2, 3], [4, 5])));
    const c = [...published.flatMap(([counter]) => counter), ...own.flat()];
    const k = [...published.flatMap(([, key]) => key), ...own.flatMap((w) => [w[3], w[0]])];
    const program = await compile(await open(), { y: words({ counters, keys }, {}).y });
    program.write({ counters: c, keys: k });
    program.run();
    const got = Array.from(await program.read("y"));
    program.destroy();
    expect(got.slice(0, 12)).toEqual(published.flatMap(([, , out]) => out));
    expect(got).toEqual(
      Array.from({ length: N }, (_, i) => Array.from(philox4x32(c.slice(4 * i, 4 * i + 4), k.slice(2 * i, 2 * i + 2)))).flat(),
    );
  });
}

function moments(values: ArrayLike<number>): { mean: number; variance: number } {
  const all = Array.from(values), mean = all.reduce((a, b) => a + b, 0) / all.length;
  return { mean, variance: all.reduce((a, b) => a + (b - mean) ** 2, 0) / all.length };
}

test("uniform(), normal() and gumbel() have the means and variances of their distributions", () => {
  const random = randomSource(), N = 40000, of = new Map([[random.state, [1, 2]]]);
  const expected = [[0.5, 1 / 12], [0, 1], [0.5772157, Math.PI ** 2 / 6]];
  interpret([uniform([N], random), normal([N], random), gumbel([N], random)], of).forEach((values, i) => {
    const { mean, variance } = moments(values), [m, v] = expected[i];
    expect(Math.abs(mean - m)).toBeLessThan(4 * Math.sqrt(v / N)); // four standard errors
    expect(Math.abs(variance / v - 1)).toBeLessThan(0.05);
  });
});

test("a seed, a step and a use each have numbers of their own, and the same three repeat them", () => {
  const draw = (seed: number, step: number, uses: number) => {
    const random = randomSource();
    const drawn = Array.from({ length: uses }, () => uniform([8], random));
    return interpret([drawn[uses - 1]], new Map([[random.state, [seed, step]]]))[0].join();
  };
  expect(new Set([draw(1, 0, 1), draw(2, 0, 1), draw(1, 1, 1), draw(1, 0, 2)]).size).toBe(4);
  expect(draw(1, 5, 2)).toBe(draw(1, 5, 2));
});

test("Random refuses a state that is no seed and step", () => {
  expect(() => new Random(input("lr", [1]))).toThrow("Random: lr (1) is not (2) u32, a seed and a step");
});
