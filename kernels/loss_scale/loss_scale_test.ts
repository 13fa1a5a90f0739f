import { expect, test } from "bun:test";
import { input, state } from "../../src/graph.ts";
import { compile } from "../../src/program.ts";
import { providers } from "../../tests/providers.ts";
import { lossScale } from "./loss_scale.ts";

for (const { name, open } of providers) {
  test(`lossScale() halves at infinity and NaN, doubles after a streak, and clips what is unscaled on ${name}`, async () => {
    const scale = state("scale", [1], () => [1024]), streak = state("streak", [1]), given = input("norm", [1]);
    const { coefficient, norm, taken, updates } = lossScale({ norm: given, scale, streak }, { clip: 2, interval: 3 });
    const program = await compile(await open(), { coefficient, norm, taken }, { updates });
    const after = async (value: number) => {
      program.write({ norm: value });
      program.run();
      return await Promise.all(["scale", "streak", "taken", "norm", "coefficient"].map((what) => program.readNumber(what)));
    };
    expect(await after(Infinity)).toEqual([512, 0, 0, 0, 0]);
    expect(await after(NaN)).toEqual([256, 0, 0, 0, 0]);
    expect(await after(256)).toEqual([256, 1, 1, 1, 1 / 256]);
    const clipped = await after(1024); // 4 without the scale, clipped to 2
    expect(clipped.slice(0, 4)).toEqual([256, 2, 1, 4]);
    expect(clipped[4]).toBeCloseTo(0.5 / 256, 8);
    expect((await after(256)).slice(0, 3)).toEqual([512, 0, 1]); // three in a row
    expect(await after(-Infinity)).toEqual([256, 0, 0, 0, 0]);
    program.destroy();
  });
}
