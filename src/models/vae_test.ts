import { afterAll, expect, test } from "bun:test";
import { randomSource } from "../../kernels/mod.ts";
import { CpuDevice } from "../devices/cpu.ts";
import { RecipeError, ShapeError } from "../errors.ts";
import { gradients } from "../gradients.ts";
import { input, type Tensor } from "../graph.ts";
import { parameters } from "../nn/parameters.ts";
import { adamw } from "../optim/adamw.ts";
import { compile, type Program } from "../program.ts";
import { vaeConfig, vaeEncode, vaeInterpolate, vaeLoss, type VaeLossOptions, type VaeOptions, vaeParams, vaeSample } from "./vae.ts";

const device = await CpuDevice.open({ threads: 1 });
afterAll(() => device.destroy());

const B = 8,
  forms: Record<string, VaeOptions> = {
    mlp: { imageSize: 8, channels: 1, latents: 2, hidden: 16 },
    conv: { form: "conv", imageSize: 8, channels: 1, latents: 2, hidden: 16, widths: [4, 6] },
  };
/** Bars that stand at a place of their own. */
const bars = Float32Array.from({ length: B * 64 }, (_, i) => i % 8 === Math.floor(i / 64) ? 1 : 0);

interface Trained {
  p: Record<string, Tensor>;
  program: Program;
  losses: number[];
  read(name: string): Promise<number>;
}

async function trained(options: VaeOptions, steps: number, how: VaeLossOptions = {}): Promise<Trained> {
  const config = vaeConfig(options), p = parameters(vaeParams(config), { seed: 4 }), pictures = input("pictures", [B, 1, 8, 8]);
  const made = vaeLoss(p, pictures, config, randomSource(), how);
  const learning = Object.fromEntries(Object.entries(p).filter(([name]) => how.objective !== "prior" || /^(dec|up)/.test(name)));
  const optimizer = adamw(learning, gradients(made.loss, Object.values(learning)));
  const { loss, reconstruction, kl, logvar } = made;
  const program = await compile(device, { loss, reconstruction, kl, logvar }, { updates: optimizer.updates }), losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    program.write({ pictures: bars, random: [9, step], ...optimizer.values({ step, lr: 1e-2 }) });
    program.run();
    losses.push(await program.readNumber("loss"));
  }
  return { p, program, losses, read: (name) => program.readNumber(name) };
}

for (const [name, options] of Object.entries(forms)) {
  test(`${name}: the loss is reconstruction and divergence, and falls`, async () => {
    const { program, losses, read } = await trained(options, 150);
    expect(losses.at(-1)!).toBeCloseTo(await read("reconstruction") + await read("kl"), 4);
    expect(losses.at(-1)!).toBeLessThan(0.6 * losses[0]);
    program.destroy();
  });

  test(`${name}: interpolation goes from one picture's reconstruction to the other's; samples are pictures`, async () => {
    const { p, program } = await trained(options, 5), config = vaeConfig(options);
    const a = input("a", [1, 1, 8, 8]), b = input("b", [1, 1, 8, 8]);
    const shown = await compile(device, {
      ...{ between: vaeInterpolate(p, a, b, config, 3), back: vaeInterpolate(p, b, a, config, 3) },
      ...{ alone: vaeInterpolate(p, a, b, config, 1), samples: vaeSample(p, 5, config, randomSource()) },
    }, { share: program });
    shown.write({ a: bars.subarray(0, 64), b: bars.subarray(64, 128), random: [1, 1] });
    shown.run();
    const [between, back, alone] = [await shown.read("between"), await shown.read("back"), await shown.read("alone")];
    expect(between.length).toBe(3 * 64);
    for (let i = 0; i < 64; i++) {
      expect(Math.abs(between[i] - back[128 + i]) < 1e-6 && Math.abs(between[i] - alone[i]) < 1e-6).toBe(true);
      expect(Math.abs(between[64 + i] - back[64 + i])).toBeLessThan(1e-6);
    }
    const samples = await shown.read("samples");
    expect(samples.length).toBe(5 * 64);
    expect(samples.every((v) => v > 0 && v < 1)).toBe(true);
    expect(Array.from(samples.subarray(0, 64))).not.toEqual(Array.from(samples.subarray(64, 128)));
    shown.destroy();
    program.destroy();
  });
}

test("without the divergence the variance falls towards zero and an autoencoder is left", async () => {
  const variance = async (steps: number, objective: VaeLossOptions["objective"]) => {
    const { program } = await trained(forms.mlp, steps, { objective }), logvar = await program.read("logvar") as Float32Array;
    program.destroy();
    return logvar.reduce((sum, v) => sum + Math.exp(v), 0) / logvar.length;
  };
  const early = await variance(1, "no-kl"), late = await variance(400, "no-kl"), kept = await variance(400, "elbo");
  expect(late).toBeLessThan(0.1 * early);
  expect(late).toBeLessThan(0.5 * kept);
});

test("z from the prior, without the posterior, does not train", async () => {
  const [prior, elbo] = [await trained(forms.mlp, 200, { objective: "prior" }), await trained(forms.mlp, 200)];
  // The best that one picture can do for all: the mean of the bars.
  const blind = -64 * (1 / 8 * Math.log(1 / 8) + 7 / 8 * Math.log(7 / 8));
  expect(await prior.read("reconstruction")).toBeGreaterThan(0.95 * blind);
  expect(await elbo.read("reconstruction")).toBeLessThan(0.7 * blind);
  prior.program.destroy();
  elbo.program.destroy();
});

test("sizes that do not fit are named", () => {
  expect(() => vaeConfig({ form: "conv", imageSize: 10 })).toThrow(RecipeError);
  expect(() => vaeConfig({ form: "conv", imageSize: 10 })).toThrow(/2 halvings do not divide a side of 10/);
  expect(() => vaeConfig({ imageSize: 8, latent: 2 })).toThrow(/unknown key latent/);
  const config = vaeConfig(forms.mlp), p = parameters(vaeParams(config));
  expect(() => vaeEncode(p, input("digits", [2, 1, 9, 8]), config)).toThrow(ShapeError);
  expect(() => vaeEncode(p, input("digits", [2, 1, 9, 8]), config)).toThrow(/digits \(2, 1, 9, 8\) is not \(B, 1, 8, 8\)/);
});
