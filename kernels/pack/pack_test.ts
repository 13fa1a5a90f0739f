import { expect, test } from "bun:test";
import { input } from "../../src/graph.ts";
import { compile } from "../../src/program.ts";
import { checkOp, type Leaf } from "../../tests/check_op.ts";
import { providers } from "../../tests/providers.ts";
import { add } from "../arithmetic/arithmetic.ts";
import { sum } from "../sum/sum.ts";
import { pack } from "./pack.ts";

const fixed = (...shape: number[]): Leaf => ({ shape, values: (i) => Math.sin(i + shape[0]), fixed: true });
checkOp("pack() of leaves", (a, b) => pack([a, b], [0, 64], 192), [[fixed(1), fixed(1)], [fixed(3, 5), fixed(7)], [fixed(64), fixed(90)]]);
checkOp("pack() of made tensors", (a, b) => pack([add(a, b), sum(a, [0])], [128, 0], 320), [[fixed(3, 50), fixed(50)]]);

for (const { name, open } of providers) {
  test(`pack() takes made tensors without a launch of its own and keeps its gaps zero on ${name}`, async () => {
    const a = input("a", [3]), total = sum(pack([add(a, a), add(a, input("b", [1]))], [64, 0], 128));
    const program = await compile(await open(), { total });
    expect(name === "cpu" || !/ pack +\d+ x/.test(program.describe())).toBe(true);
    for (let run = 0; run < 2; run++) {
      program.write({ a: [1, 2, 3], b: run });
      program.run();
      expect(await program.readNumber("total")).toBe(18 + 3 * run);
    }
    program.destroy();
  });
}

test("pack() names what does not fit or overlaps", () => {
  const a = input("a", [70]), b = input("b", [3]);
  expect(() => pack([a], [32], 128)).toThrow("pack: a (70) at 32 does not fit a pack of 128 f32");
  expect(() => pack([a, b], [0, 64], 128)).toThrow("pack: a (70) and b (3) overlap at 64; give each a place of its own");
});
