import { afterAll, expect, test } from "bun:test";
import { add, multiply, randomSource } from "../../kernels/mod.ts";
import { CpuDevice } from "../devices/cpu.ts";
import { RecipeError, ShapeError } from "../errors.ts";
import { gradients } from "../gradients.ts";
import { constant, input, type Tensor } from "../graph.ts";
import { parameters } from "../nn/parameters.ts";
import { adamw } from "../optim/adamw.ts";
import { compile, type Program } from "../program.ts";
import {
  vaeConfig,
  vaeDecode,
  vaeEncode,
  vaeInterpolate,
  vaeLoss,
  type VaeLossOptions,
  type VaeOptions,
  vaeParams,
  vaePixels,
  vaeSample,
} from "./vae.ts";

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
  const { loss, reconstruction, kl, mu, logvar } = made;
  const program = await compile(device, { loss, reconstruction, kl, mu, logvar }, { updates: optimizer.updates }), losses: number[] = [];
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
    const { p, program } = await trained(options, 100), config = vaeConfig(options);
    const a = input("a", [1, 1, 8, 8]), b = input("b", [1, 1, 8, 8]), [za, zb] = [a, b].map((t) => vaeEncode(p, t, config).mu);
    const half = constant("half", [1], [0.5]), drawn = (z: Tensor) => vaePixels(vaeDecode(p, z, config));
    const shown = await compile(device, {
      ...{ between: vaeInterpolate(p, a, b, config, 3), back: vaeInterpolate(p, b, a, config, 3) },
      ...{ from: drawn(za), middle: drawn(add(multiply(za, half), multiply(zb, half))), to: drawn(zb) },
      ...{ alone: vaeInterpolate(p, a, b, config, 1), samples: vaeSample(p, 5, config, randomSource()) },
    }, { share: program });
    shown.write({ a: bars.subarray(0, 64), b: bars.subarray(64, 128), random: [1, 1] });
    shown.run();
    const [between, back, alone] = [await shown.read("between"), await shown.read("back"), await shown.read("alone")];
    expect(between.length).toBe(3 * 64);
    const apart = (x: ArrayLike<number>, y: ArrayLike<number>) =>
      Array.from(x).reduce((most, v, i) => Math.max(most, Math.abs(v - y[i])), 0);
    const expected = [...await shown.read("from"), ...await shown.read("middle"), ...await shown.read("to")];
    expect(apart(between, expected)).toBeLessThan(1e-6);
    expect(apart([2, 1, 0].flatMap((n) => [...back.subarray(64 * n, 64 * n + 64)]), expected)).toBeLessThan(1e-6);
    expect(apart(alone, expected)).toBeLessThan(1e-6);
    expect(apart(expected.slice(0, 64), expected.slice(128))).toBeGreaterThan(0.01);
    const samples = await shown.read("samples");
    expect(samples.length).toBe(5 * 64);
    expect(samples.every((v) => v > 0 && v < 1)).toBe(true);
    expect(Array.from(samples.subarray(0, 64))).not.toEqual(Array.from(samples.subarray(64, 128)));
    shown.destroy();
    program.destroy();
  });
}

for (const [name, options] of Object.entries(forms)) {
  test(`${name}: the divergence keeps z near N(0, I); without it the share of noise in z vanishes and an autoencoder is left`, async () => {
    const second = async (objective: VaeLossOptions["objective"]) => {
      const { program } = await trained(options, 200, { objective });
      const [mu, logvar] = [await program.read("mu"), await program.read("logvar")] as [Float32Array, Float32Array];
      program.destroy();
      const of = (values: Float32Array) => values.reduce((sum, v) => sum + v, 0) / values.length;
      return { signal: of(mu.map((v) => v * v)), noise: of(logvar.map(Math.exp)) };
    };
    const elbo = await second("elbo"), free = await second("no-kl");
    // At its optimum the bound has a mean of mu^2 + sigma^2 of 1 in every latent.
    expect(elbo.signal + elbo.noise).toBeGreaterThan(0.5);
    expect(elbo.signal + elbo.noise).toBeLessThan(4);
    expect(elbo.noise / elbo.signal).toBeGreaterThan(0.02); // 0.07 and 0.45 when this was written
    expect(free.noise / free.signal).toBeLessThan(0.001); // 0.00014 and 0.00001
  });
}

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
