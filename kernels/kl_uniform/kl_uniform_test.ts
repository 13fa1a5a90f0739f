import { expect, test } from "bun:test";
import { input } from "../../src/graph.ts";
import { evaluate } from "../../src/program.ts";
import { checkOp } from "../../tests/check_op.ts";
import { providers } from "../../tests/providers.ts";
import { klUniform } from "./kl_uniform.ts";

checkOp("klUniform()", (x) => klUniform(x), [[[1]], [[3, 5]], [[4, 200]]]);
checkOp("klUniform() along axis 1", (x) => klUniform(x, 1), [[[2, 1, 3]], [[2, 11, 3, 2]], [[2, 70, 67]]]);

for (const provider of providers) {
  test(`klUniform() is 0 for equal logits and log S for one that outweighs all on ${provider.name}`, async () => {
    const y = await evaluate(await provider.open(), klUniform(input("x", [2, 4])), { x: [7, 7, 7, 7, 900, 0, -900, 0] });
    expect(y[0]).toBeCloseTo(0, 6);
    expect(y[1]).toBeCloseTo(Math.log(4), 6);
  });
}
