import { expect, test } from "bun:test";
import { randomSource } from "../../../kernels/mod.ts";
import { CpuDevice } from "../../devices/cpu.ts";
import { input } from "../../graph.ts";
import { vaeConfig, vaeLoss, vaeParams } from "../../models/vae.ts";
import { parameters } from "../../nn/parameters.ts";
import { compile } from "../../program.ts";
import { meanPicture } from "./mean_picture.ts";
import { perPicture } from "./per_picture.ts";

const B = 3, pixels = Float32Array.from({ length: B * 48 }, (_, i) => i * i % 97 / 96);

for (const likelihood of ["bernoulli", "gaussian"] as const) {
  test(`${likelihood}: the mean over pictures is the loss of the batch, and each is its picture's alone`, async () => {
    const device = await CpuDevice.open({ threads: 1 }), config = vaeConfig({ imageSize: 4, latents: 3, hidden: 8, likelihood });
    const p = parameters(vaeParams(config), { seed: 2 }), pictures = input("pictures", [B, 3, 4, 4]);
    const made = vaeLoss(p, pictures, config, randomSource()), each = perPicture(made, pictures, config);
    const program = await compile(device, { reconstruction: made.reconstruction, kl: made.kl, each: each.reconstruction, eachKl: each.kl });
    const run = async (values: Float32Array) => {
      program.write({ pictures: values, random: [1, 2] });
      program.run();
      return {
        whole: await program.readNumber("reconstruction"),
        kl: await program.readNumber("kl"),
        each: [...await program.read("each")],
      };
    };
    const { whole, kl, each: costs } = await run(pixels),
      mean = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b) / B;
    expect(mean(costs)).toBeCloseTo(whole, 3);
    expect(mean(await program.read("eachKl"))).toBeCloseTo(kl, 5);
    const other = await run(pixels.map((value, i) => i < 96 ? value : 1 - value));
    expect(other.each.slice(0, 2)).toEqual(costs.slice(0, 2));
    expect(other.each[2]).not.toBe(costs[2]);
    program.destroy();
    await device.destroy();
  });
}

test("meanPicture() counts pictures of weight 1 alone, grey ones by their luma", () => {
  const view = (...grey: number[]) => [{ pixels: Uint8Array.from(grey.flatMap((v) => [v, v, v])) }];
  const batch = { views: view(255, 0, 77), weights: Float32Array.of(1, 1, 0) } as never;
  for (const [channels, likelihood, cost] of [[1, "bernoulli", Math.log(2)], [3, "gaussian", 3 / 4]] as const) {
    const middle = meanPicture({ channels, likelihood }, 1);
    middle.add(batch);
    expect(middle.cost()).toBeCloseTo(cost, 6);
  }
});
