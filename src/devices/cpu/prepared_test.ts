// What a program keeps packed of its weights is the weights: as they were written last, and as another program left them.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { accumulate } from "../../../kernels/accumulate/accumulate.ts";
import { linear } from "../../../kernels/mod.ts";
import { input, part, state } from "../../graph.ts";
import { compile } from "../../program.ts";
import { CpuDevice } from "../cpu.ts";
import { CpuKernels } from "./kernels.ts";
import { noise, onEveryTeam, put } from "./testing.ts";

let device: CpuDevice;
beforeAll(async () => {
  device = await CpuDevice.open({ threads: 2 });
});
afterAll(() => device.destroy());

for (const [M, N, K] of [[1, 1, 1], [5, 33, 130], [7, 9000, 1000]]) {
  test(`a packed B gives the bits of the one that is packed on the way, at ${M} x ${N} x ${K}`, async () => {
    const a = noise(M * K, 1), b = noise(K * N, 2);
    const outcomes = await onEveryTeam((kernels) =>
      [{}, { transB: true }].flatMap((kind) => {
        const job = {
          M,
          N,
          K,
          ...kind,
          a: put(kernels, a),
          b: put(kernels, b),
          c: put(kernels, new Float32Array(M * N)),
        };
        kernels.gemm(job);
        const plain = kernels.f32(job.c, M * N).slice(),
          packed = kernels.allocate(kernels.packedBytes(job));
        kernels.packB(job, packed);
        kernels.gemm({ ...job, b: 0, packed });
        return [plain, kernels.f32(job.c, M * N).slice()];
      })
    );
    for (const { name, results: [first, second, third, fourth] } of outcomes) {
      expect(second, name).toEqual(first);
      expect(fourth, name).toEqual(third);
    }
  }, 60_000); // many threads on few cores
}

test("packedBytes() is 0 for many rows of A, and for a B of each matrix of a batch", async () => {
  const kernels = await CpuKernels.open({ threads: 1 }),
    job = { M: 100, N: 8, K: 8, a: 0, b: 0, c: 0 };
  expect(kernels.packedBytes(job)).toBeGreaterThanOrEqual(256);
  expect(kernels.packedBytes({ ...job, M: 1000 })).toBe(0);
  expect(kernels.packedBytes({ ...job, batch: 4 })).toBe(0);
  expect(kernels.packedBytes({ ...job, batch: 4, strideB: 0 })).toBe(
    kernels.packedBytes(job),
  );
  kernels.close();
});

test("a program sees the weights that were written last, and those that another program updated", async () => {
  const x = input("x", [1, 2]),
    g = input("g", [64]),
    pack = state("pack", [64], () => new Float32Array(64).fill(1));
  const w = part(pack, 0, [3, 2], "w"),
    reader = await compile(device, { y: linear(x, w) });
  const writer = await compile(device, {}, {
    share: reader,
    updates: [accumulate(pack, g, input("keep", [1]))],
  });
  const read = async () => {
    reader.run();
    return [...await reader.read("y")];
  };
  reader.write({ x: [1, 2] });
  expect(await read()).toEqual([3, 3, 3]);
  expect(await read()).toEqual([3, 3, 3]);
  reader.write({ w: [1, 0, 0, 1, 1, 1] });
  expect(await read()).toEqual([1, 2, 3]);
  writer.write({ g: new Float32Array(64).fill(1), keep: 1 });
  writer.run();
  expect(await read()).toEqual([4, 5, 6]);
  reader.destroy();
  writer.destroy();
});

test("a program that updates its weights uses the updated ones, and a destroyed program gives its memory back", async () => {
  const before = device.kernels.usedBytes,
    x = input("x", [1, 2]),
    pack = state("pack", [64], () => new Float32Array(64).fill(1));
  const y = linear(x, part(pack, 0, [3, 2], "w")),
    updates = [accumulate(pack, input("g", [64]), input("keep", [1]))];
  const program = await compile(device, { y }, { updates });
  program.write({ x: [1, 2], g: new Float32Array(64).fill(1), keep: 1 });
  for (const wanted of [3, 6, 9]) {
    program.run();
    expect([...await program.read("y")]).toEqual([wanted, wanted, wanted]);
  }
  program.destroy();
  const other = await compile(device, { y });
  other.write({ x: [1, 2] });
  other.run();
  other.destroy();
  expect(device.kernels.usedBytes).toBeLessThanOrEqual(before + 4096); // working storage of the kernels stays
});
