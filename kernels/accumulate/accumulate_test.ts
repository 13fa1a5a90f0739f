import { expect, test } from "bun:test";
import { input, state } from "../../src/graph.ts";
import { compile } from "../../src/program.ts";
import { expectClose, normals } from "../../tests/check_op.ts";
import { providers } from "../../tests/providers.ts";
import { accumulate } from "./accumulate.ts";

for (const { name, open } of providers) {
  test(`accumulate() adds up, and begins anew where keep is 0 even over NaN, on ${name}`, async () => {
    for (const N of [1, 5, 200]) {
      const total = state("total", [N], () => Array(N).fill(NaN)), g = input("g", [N]), keep = input("keep", [1]);
      const program = await compile(await open(), {}, { updates: [accumulate(total, g, keep)] });
      for (let step = 0; step < 3; step++) {
        program.write({ g: normals(N, step), keep: step === 0 ? 0 : 1 });
        program.run();
      }
      const [a, b, c] = [0, 1, 2].map((step) => normals(N, step));
      expectClose(await program.read("total"), a.map((v, i) => v + b[i] + c[i]), 1e-6, "total");
      program.destroy();
    }
  });
}

test("accumulate() names tensors that do not fit", () => {
  expect(() => accumulate(state("total", [3]), input("g", [4]), input("keep", [1]))).toThrow(
    "accumulate: total (3) cannot take g (4) by keep (1)",
  );
});
