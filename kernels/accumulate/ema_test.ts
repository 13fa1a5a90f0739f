import { expect, test } from "bun:test";
import { input, state } from "../../src/graph.ts";
import { compile } from "../../src/program.ts";
import { expectClose, normals } from "../../tests/check_op.ts";
import { providers } from "../../tests/providers.ts";
import { ema } from "./accumulate.ts";

for (const { name, open } of providers) {
  test(`ema() follows its values over steps on ${name}`, async () => {
    for (const N of [1, 5, 200]) {
      const e = state("e", [N], () => normals(N)), p = input("p", [N]), decay = input("decay", [1]);
      const program = await compile(await open(), {}, { updates: [ema(e, p, decay)] });
      const expected = normals(N);
      for (let step = 1; step <= 3; step++) {
        const values = normals(N, step);
        program.write({ p: values, decay: 1 - 0.5 ** step });
        program.run();
        expected.forEach((v, i) => expected[i] = v + 0.5 ** step * (values[i] - v));
      }
      expectClose(await program.read("e"), expected, 1e-6, "e");
      program.destroy();
    }
  });
}

test("ema() names tensors that do not fit", () => {
  expect(() => ema(state("e", [3]), input("p", [4]), input("decay", [1]))).toThrow("ema: e (3) cannot follow p (4) by decay (1)");
});
