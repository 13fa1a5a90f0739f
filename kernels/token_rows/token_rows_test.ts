import { expect, test } from "bun:test";
import { input } from "../../src/graph.ts";
import { evaluate } from "../../src/program.ts";
import { providers } from "../../tests/providers.ts";
import { tokenRows } from "./token_rows.ts";

for (const provider of providers) {
  test(`tokenRows() counts the class tokens before a patch, on ${provider.name}`, async () => {
    const device = await provider.open();
    const at = async (patches: number[], N: number) =>
      Array.from(await evaluate(device, tokenRows(input("patches", [patches.length], "u32"), N), { patches }));
    expect(await at([0], 1)).toEqual([1]);
    expect(await at([0, 2, 3, 5, 6], 3)).toEqual([1, 3, 5, 7, 9]);
    const many = Array.from({ length: 131 }, (_, i) => i);
    expect(await at(many, 7)).toEqual(many.map((i) => Math.floor(i / 7) * 8 + 1 + i % 7));
  });
}

test("tokenRows() refuses numbers that are not u32", () => {
  expect(() => tokenRows(input("rows", [3]), 2)).toThrow("tokenRows: the patch numbers rows (3) are f32; they must be u32");
});
