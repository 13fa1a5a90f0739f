import { expect, test } from "bun:test";
import { randomSource } from "../../kernels/mod.ts";
import { gradients } from "../gradients.ts";
import { input } from "../graph.ts";
import { tokenizer, tokenizerConfig } from "../models/tokenizer.ts";
import { parameters } from "../nn/parameters.ts";
import { adamw } from "../optim/adamw.ts";
import { compile } from "../program.ts";
import { CpuDevice } from "../devices/cpu.ts";
import { tokenizerObjective, type TokenizerObjectiveOptions, tokenizerSchedule } from "./tokenizer_objective.ts";

const B = 4, S = 8, V = 16;
const config = tokenizerConfig({ form: "customized", hidden: 8, codebookDim: 8, layers: 1, vocab: V, residual: false });
/** Pictures of four colours in four places. */
const pixels = Float32Array.from({ length: B * 3 * S * S }, (_, i) => {
  const x = i % S, y = Math.floor(i / S) % S, c = Math.floor(i / S / S) % 3, b = Math.floor(i / S / S / 3);
  return ((x >> 2) + 2 * (y >> 2) + b + c) % 4 / 3;
});

async function trained(steps: number, options: TokenizerObjectiveOptions, at: { kl: number; usage?: number }) {
  const device = await CpuDevice.open({ threads: 1 }), model = tokenizer(config), p = parameters(model.params, { seed: 1 });
  const pictures = input("pictures", [B, 3, S, S]), random = randomSource();
  const { loss, values, inputs } = tokenizerObjective(model, p, pictures, random, options);
  const optimizer = adamw(p, gradients(loss, Object.values(p)), { table: model.params, clip: 1 });
  const program = await compile(device, { loss, ...values, ids: model.ids(p, pictures) }, { updates: optimizer.updates });
  const lines: Record<string, number>[] = [];
  for (let step = 0; step < steps; step++) {
    program.write({ pictures: pixels, random: [1, step], ...inputs({ temperature: 1, ...at }), ...optimizer.values({ step, lr: 5e-3 }) });
    program.run();
    const line: Record<string, number> = {};
    for (const name of ["loss", "reconstruction", "kl", "unevenness"]) line[name] = await program.readNumber(name);
    lines.push(line);
  }
  const used = new Set(await program.read("ids")).size;
  program.destroy();
  await device.destroy();
  return { first: lines[0], last: lines.at(-1)!, used };
}

test("the loss is the reconstruction and the weighted terms over the values of a picture", async () => {
  const { first } = await trained(1, {}, { kl: 6.6, usage: 2 });
  expect(first.kl > 0 && first.unevenness > 0).toBe(true);
  expect(first.loss).toBeCloseTo(first.reconstruction + (6.6 * first.kl + 2 * first.unevenness) * 16 / (3 * 64), 5);
  const without = await trained(1, { usage: false }, { kl: 6.6 });
  expect(without.first.loss).toBeCloseTo(first.reconstruction + 6.6 * first.kl * 16 / (3 * 64), 5);
  expect(without.first.unevenness).toBe(0);
});

test("reconstruction falls with soft and with one-hot codes", async () => {
  for (const relaxation of ["gumbel", "straight-through"] as const) {
    const { first, last } = await trained(80, { relaxation }, { kl: 0, usage: 0.2 });
    expect(last.reconstruction, relaxation).toBeLessThan(0.6 * first.reconstruction);
  }
});

test("the usage term brings codes into use", async () => {
  const [without, with_] = [await trained(60, {}, { kl: 0, usage: 0 }), await trained(60, {}, { kl: 0, usage: 2 })];
  expect(with_.last.unevenness).toBeLessThan(without.last.unevenness);
  expect(with_.used).toBeGreaterThan(without.used);
});

test("the schedule goes from one temperature to the other, and the weight of the divergence from 0 to its peak", () => {
  const at = tokenizerSchedule({ steps: 100, temperature: [1, 0.0625], kl: 6.6, klSteps: 10, usage: 1, temperatureSteps: 50 });
  expect(at(0)).toEqual({ temperature: 1, kl: 0, usage: 1 });
  expect(at(25).temperature).toBeCloseTo((1 + 0.0625) / 2, 6);
  expect(at(5).kl).toBeCloseTo(3.3, 6);
  expect(at(60)).toEqual({ temperature: 0.0625, kl: 6.6, usage: 1 });
  expect(tokenizerSchedule({ steps: 5, temperature: [1, 1], kl: 0 })(3)).toEqual({ temperature: 1, kl: 0, usage: 0 });
});
