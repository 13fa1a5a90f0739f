// Training with activations in f16: close to f32, in less memory, with a loss scale that no overflow and no resume disturbs.

import { expect, test } from "bun:test";
import { crossEntropy } from "../../kernels/mod.ts";
import { expectClose, normals } from "../../tests/check_op.ts";
import { providers } from "../../tests/providers.ts";
import { RecipeError } from "../errors.ts";
import type { Device } from "../devices/device.ts";
import { input, type Tensor } from "../graph.ts";
import { beit, beitParams } from "../models/beit.ts";
import { beitConfig } from "../models/beit_config.ts";
import { maskedLogits } from "../models/beit_heads.ts";
import { parameters } from "../nn/parameters.ts";
import { loop, type LoopOptions } from "./loop.ts";
import type { Training } from "./recipe/training.ts";
import { Run } from "./run.ts";
import { Session } from "./session.ts";
import { essence, inFolder, tinyRecipe, toEnd } from "./testing.ts";
import { Update, type Values } from "./update.ts";

const gpu = providers.find(({ f16 }) => f16);
if (!gpu) console.log("no WebGPU device with f16: training in f16 is not tested");

const B = 8, N = 16, masked = 6, vocab = 64;
const config = beitConfig({ imageSize: 32, patchSize: 8, dim: 64, depth: 2, heads: 2, vocab });
const training = { ...tinyRecipe().finetune, accumulation: 1, ema: 0.9 } as Training;

/** BEiT's pre-training of a tiny model. */
function compileUpdate(device: Device, over: Partial<Training>): Promise<Update> {
  const table = beitParams(config), params = parameters(table);
  const encoded = beit(params, input("pictures", [B, 3, 32, 32]), config, { mask: input("mask", [B, N]) });
  const logits = maskedLogits(params, encoded, input("rows", [B * masked], "u32"), config);
  return Update.compile(device, { params, table, loss: crossEntropy(logits, input("targets", [B * masked], "u32")) }, {
    ...training,
    ...over,
  });
}

/** One batch over and over: it is learned by heart. */
const rows = Array.from({ length: B * masked }, (_, i) => Math.floor(i / masked) * N + 2 * (i % masked));
const batch: Values = {
  pictures: normals(B * 3 * 32 * 32),
  mask: Array.from({ length: B * N }, (_, i) => Number(rows.includes(i))),
  rows,
  targets: rows.map((_, i) => (i * 7919) % vocab),
};

/** The losses of 40 updates and the weights after them. */
async function losses(device: Device, precision: Training["precision"]) {
  const update = await compileUpdate(device, { precision }), all: number[] = [];
  for (let step = 0; step < 40; step++) {
    await update.run([batch], { step, lr: 2e-3, emaDecay: 0.9 });
    all.push((await update.means()).loss);
  }
  const weights = Object.values(update.weights)[0], { bytes } = update;
  const values = await update.program.read(weights);
  update.destroy();
  return { losses: all, values, bytes };
}

if (gpu) {
  test(`40 updates in f16 on ${gpu.name} learn as in f32, in fewer bytes, with the same bits twice`, async () => {
    const device = await gpu.open();
    const f32 = await losses(device, "f32"), f16 = await losses(device, "f16");
    expect(f32.losses[39]).toBeLessThan(f32.losses[0] / 2);
    f32.losses.forEach((loss, i) => expect(Math.abs(f16.losses[i] - loss) / loss, `update ${i}`).toBeLessThan(0.02));
    expect(f16.losses).not.toEqual(f32.losses);
    expect(f16.bytes).toBeLessThan(f32.bytes);
    expect(await losses(device, "f16")).toEqual(f16);
  }, 240_000);

  test(`an overflow in f16 on ${gpu.name} halves the scale and leaves the update out`, async () => {
    const update = await compileUpdate(await gpu.open(), { precision: "f16" }), { program } = update;
    const { moments, average } = update.optimizer, read = (tensors: Tensor[]) => Promise.all(tensors.map((t) => program.read(t)));
    const moved = [...Object.values(update.objective.params), ...Object.values(moments).flatMap(({ m, v }) => [m, v])];
    const before = await read(moved), averages = await read(Object.values(average));
    program.write({ loss_scale: 2 ** 40 });
    await update.run([batch], { step: 0, lr: 1e-3, emaDecay: 0.9 });
    const { loss, gradNorm, ...rest } = await update.means();
    expect(Number.isFinite(loss)).toBe(true);
    expect([gradNorm, rest]).toEqual([undefined, { lossScale: 2 ** 39, overflow: 1 }]);
    expect(await read(moved)).toEqual(before);
    // The average goes on following the weights, which stayed.
    for (const [i, values] of (await read(Object.values(average))).entries()) expectClose(values, averages[i], 1e-6, `average ${i}`);

    program.write({ loss_scale: 2 ** 12 });
    await update.run([batch], { step: 1, lr: 1e-3, emaDecay: 0.9 });
    const scaled = await update.means();
    expect(scaled).toMatchObject({ lossScale: 2 ** 12, overflow: 0 });
    const reference = await compileUpdate(await gpu.open(), { precision: "f32" });
    await reference.run([batch], { step: 1, lr: 1e-3, emaDecay: 0.9 });
    expect(scaled.gradNorm).toBeCloseTo((await reference.means()).gradNorm, 2);
    update.destroy();
    reference.destroy();
  }, 240_000);

  test(`a loss that is no number ends a run in f16 on ${gpu.name}, too`, async () => {
    await inFolder(async (folder) => {
      const recipe = tinyRecipe({ finetune: { precision: "f16", lr: 1e30, minLr: 1, clip: null, warmupSteps: 4 } });
      await expect(toEnd({ run: Run.create(folder, recipe), device: await gpu.open() })).rejects.toThrow("the loss is NaN near step");
    });
  }, 240_000);

  test(`a run in f16 on ${gpu.name} that is stopped and resumed has the bits of one that is not`, async () => {
    await inFolder(async (folder) => {
      const recipe = tinyRecipe({
        encoder: { imageSize: 16, patchSize: 2, dim: 32 }, // 2 pictures of 65 tokens: more values than f16 is worth from
        finetune: { precision: "f16", steps: 8 },
      });
      const device = await gpu.open(), whole = essence((await toEnd({ run: Run.create(folder, recipe, "whole"), device })).run);
      expect(whole.metrics[0].train).toMatchObject({ lossScale: 65536, overflow: 0 });
      const run = Run.create(folder, recipe, "stopped"), session = new Session({ run, device, workers: 0 });
      session.listen((event) => event.type === "metrics" && session.stop());
      expect(await session.done).toBe("stopped");
      expect(essence((await toEnd({ run: Run.open(run.path), device })).run)).toEqual(whole);
    });
  }, 240_000);
}

test("training ends where no scale of the loss keeps the gradients in range", async () => {
  const batch = { names: [], indices: [], weights: [], epoch: 0, next: { seed: 0, epoch: 0, position: 0 } };
  const learning = {
    facts: { steps: 3 },
    training: { accumulation: 1, ema: null, weightDecay: 0 },
    update: { run: () => {}, means: () => ({ loss: 1, lossScale: 2 ** -25, overflow: 1 }) },
    batches: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ value: batch }) }), skipped: 0, close: () => {} }),
    inputs: () => ({}),
    schedule: () => ({ lr: 1 }),
  } as unknown as LoopOptions["learning"];
  const on = { log: () => {}, edge: () => Promise.resolve("go on" as const), lost: () => {} };
  await expect(loop({ learning, from: { step: 0, loader: batch.next, skipped: 0 }, seed: 0, logEvery: 1, on })).rejects.toThrow(
    /^train: gradients leave the range of f16 near step 0 though the loss scale fell to .*; set precision to f32$/,
  );
});

test("a recipe in f16 on a device without it is refused with the stage, the device and the remedy", async () => {
  await inFolder(async (folder) => {
    const failed = await toEnd({ run: Run.create(folder, tinyRecipe({ finetune: { precision: "f16" } })) }).catch((error) => error);
    expect(failed).toBeInstanceOf(RecipeError);
    expect(failed.message).toMatch(
      /^finetune.precision: f16 needs a GPU whose adapter offers shader-f16, this device is CPU.*; choose f32 or/,
    );
  });
});
