import { expect, test } from "bun:test";
import { gradients } from "../../src/gradients.ts";
import { input } from "../../src/graph.ts";
import { compile } from "../../src/program.ts";
import { checkOp, type Leaf } from "../../tests/check_op.ts";
import { providers } from "../../tests/providers.ts";
import { gather } from "./gather.ts";

const indices = (shape: number[], values: (i: number) => number): Leaf => ({ shape, values, dtype: "u32" });
checkOp("gather()", gather, [
  [[1, 1], indices([1], () => 0)],
  [[9, 4], indices([3, 5], (i) => i * 7 % 9)],
  [[100, 3], indices([700], (i) => i * i % 89)], // several chunks, entries that nobody reads
  [[5, 70], indices([200], (i) => i % 3)], // rows longer than a workgroup, long lists
]);

for (const provider of providers) {
  test(`gather() beyond the table gives NaN and no gradient on ${provider.name}`, async () => {
    const table = input("table", [2, 3]), at = input("at", [3], "u32"), dy = input("dy", [3, 3]);
    const y = gather(table, at);
    const program = await compile(await provider.open(), { y, d: gradients(y, [table], dy)[0] });
    program.write({ table: [1, 2, 3, 4, 5, 6], at: [1, 2, 4294967295], dy: [1, 1, 1, 2, 2, 2, 3, 3, 3] });
    program.run();
    expect(Array.from(await program.read("y"))).toEqual([4, 5, 6, NaN, NaN, NaN, NaN, NaN, NaN]);
    expect(Array.from(await program.read("d"))).toEqual([0, 0, 0, 1, 1, 1]);
    program.destroy();
  });
}

test("gather() says what it needs of its table and indices", () => {
  expect(() => gather(input("table", [4]), input("at", [2], "u32"))).toThrow("gather: table (4) is not a table (V, C)");
  expect(() => gather(input("table", [4, 2]), input("at", [2]))).toThrow("gather: the indices at (2) are f32; they must be u32");
});
