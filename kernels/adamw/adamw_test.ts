import { expect, test } from "bun:test";
import { input, state } from "../../src/graph.ts";
import { compile } from "../../src/program.ts";
import { expectClose, normals } from "../../tests/check_op.ts";
import { providers } from "../../tests/providers.ts";
import { adamwStep } from "./adamw.ts";

const attributes = { beta1: 0.9, beta2: 0.999, eps: 1e-8 };

function leaves(N: number) {
  return {
    p: state("p", [N], () => normals(N)),
    m: state("m", [N]),
    v: state("v", [N]),
    g: input("g", [N]),
    table: input("table", [N / 64, 2]),
    scalars: input("scalars", [4]),
    coefficient: input("coefficient", [1]),
  };
}

for (const { name, open } of providers) {
  test(`adamwStep() of one run and of many follows the published rule over steps on ${name}`, async () => {
    for (const N of [64, 64 * 7]) {
      const program = await compile(await open(), {}, { updates: adamwStep(leaves(N), attributes) });
      const p = normals(N), m = Array(N).fill(0), v = Array(N).fill(0);
      const table = Array.from({ length: N / 64 }, (_, run) => [run % 3 === 1 ? 0.5 : 1, run % 2]).flat();
      for (let t = 1; t <= 3; t++) {
        const g = normals(N, t), lr = 0.01 * t, decay = 0.05;
        program.write({ g, table, scalars: [lr, decay, 1 - 0.9 ** t, 1 - 0.999 ** t], coefficient: 0.7 });
        program.run();
        for (let i = 0; i < N; i++) {
          const [scale, decays] = table.slice(2 * Math.floor(i / 64)), d = 0.7 * g[i];
          p[i] *= 1 - lr * scale * decay * decays;
          m[i] = 0.9 * m[i] + 0.1 * d;
          v[i] = 0.999 * v[i] + 0.001 * d * d;
          p[i] -= lr * scale * (m[i] / (1 - 0.9 ** t)) / (Math.sqrt(v[i] / (1 - 0.999 ** t)) + 1e-8);
        }
      }
      expectClose(await program.read("p"), p, 1e-6, "p");
      expectClose(await program.read("m"), m, 1e-6, "m");
      expectClose(await program.read("v"), v, 1e-6, "v");
      program.destroy();
    }
  });
}

for (const { name, open } of providers) {
  test(`adamwStep() with a coefficient of 0 leaves everything as it was on ${name}, whatever the gradient`, async () => {
    const program = await compile(await open(), {}, { updates: adamwStep(leaves(64), attributes) });
    program.write({ g: normals(64), table: [1, 1], scalars: [0.1, 0.1, 0.1, 0.001], coefficient: 1 });
    program.run();
    const read = () => Promise.all(["p", "m", "v"].map((state) => program.read(state)));
    const before = await read();
    program.write({ g: Array(64).fill(Infinity), coefficient: 0 });
    program.run();
    expect(await read()).toEqual(before);
    program.destroy();
  });
}

test("adamwStep() names a pack or a table of the wrong size", () => {
  expect(() => adamwStep({ ...leaves(64), p: state("p", [70]) }, attributes)).toThrow(
    "adamw: p (70) does not hold a multiple of 64 values",
  );
  expect(() => adamwStep({ ...leaves(64), table: input("table", [2, 2]) }, attributes)).toThrow(
    "adamw: table (2, 2) holds 4 values, p (64) needs 2 of them",
  );
});
