// The first training job: a small vision transformer that tells the classes of a data set apart.

import { crossEntropyAndAccuracy, imageTensor } from "../../kernels/mod.ts";
import type { Device } from "../devices/device.ts";
import { gradients } from "../gradients.ts";
import { input } from "../graph.ts";
import { vit, type VitConfig, vitParams } from "../models/vit.ts";
import { parameters } from "../nn/parameters.ts";
import { adamw } from "../optim/adamw.ts";
import { cosineSchedule } from "../optim/schedules.ts";
import { compile } from "../program.ts";

/** Pictures (B, H, W, 3) as bytes and their class numbers (B). */
export interface LabelledBatch {
  pictures: Uint8Array;
  labels: Uint32Array;
}

export interface ClassifierJob {
  model: VitConfig;
  batchSize: number;
  steps: number;
  /** Peak learning rate of AdamW; a tenth of the steps warms up. */
  lr: number;
  seed: number;
  /** Called every `logEvery` steps; the only waits on the device. */
  logEvery: number;
  log(progress: { step: number; loss: number; accuracy: number; gradNorm: number }): void;
  /** Training batch of a step, and batches of the held-out set, the last one possibly short. */
  train(step: number): Promise<LabelledBatch>;
  heldOut(): AsyncIterable<LabelledBatch>;
}

export interface ClassifierResult {
  /** Share of held-out pictures whose class is found. */
  accuracy: number;
  loss: number;
  heldOut: number;
}

/** Trains on `device` and measures on the held-out set. @throws Error when the loss stops being a number. */
export async function trainClassifier(device: Device, job: ClassifierJob): Promise<ClassifierResult> {
  const { model, batchSize: B, steps, seed } = job;
  const table = vitParams(model), params = parameters(table, { seed });
  const pictures = input("pictures", [B, model.imageSize, model.imageSize, 3], "u8");
  const labels = input("labels", [B], "u32"), weights = input("weights", [B]);
  const logits = vit(params, imageTensor(pictures, [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]), model);
  const { loss, accuracy } = crossEntropyAndAccuracy(logits, labels, { weights });
  const optimizer = adamw(params, gradients(loss, Object.values(params)), { table, clip: 1 });

  const step = await compile(device, { loss, accuracy, gradNorm: optimizer.gradNorm }, { updates: optimizer.updates });
  const measure = await compile(device, { loss, accuracy }, { share: step });
  try {
    const rate = cosineSchedule({ base: job.lr, final: job.lr / 100, steps, warmup: Math.ceil(steps / 10) });
    const everyRow = new Float32Array(B).fill(1);
    let next = job.train(0); // always one batch ahead of the device
    for (let i = 0; i < steps; i++) {
      const batch = await next;
      if (i + 1 < steps) next = job.train(i + 1);
      step.write({
        pictures: batch.pictures,
        labels: batch.labels,
        weights: everyRow,
        ...optimizer.values({ step: i, lr: rate(i), weightDecay: 0.05 }),
      });
      step.run();
      if (i % job.logEvery && i + 1 < steps) continue;
      const loss = await step.readNumber("loss");
      if (!Number.isFinite(loss)) throw new Error(`train: loss is ${loss} at step ${i}, learning rate ${rate(i)}; try a smaller --lr`);
      job.log({ step: i, loss, accuracy: await step.readNumber("accuracy"), gradNorm: await step.readNumber("gradNorm") });
    }
    let sumLoss = 0, right = 0, count = 0;
    for await (const batch of job.heldOut()) {
      const n = batch.labels.length;
      measure.write(padded(batch, B, model.imageSize));
      measure.run();
      sumLoss += n * await measure.readNumber("loss");
      right += n * await measure.readNumber("accuracy");
      count += n;
    }
    return { accuracy: right / count, loss: sumLoss / count, heldOut: count };
  } finally {
    step.destroy();
    measure.destroy();
  }
}

/** A short batch filled up with rows of weight 0: programs have one size. */
function padded({ pictures, labels }: LabelledBatch, B: number, side: number): Record<string, ArrayLike<number>> {
  const full = {
    pictures: new Uint8Array(B * side * side * 3),
    labels: new Uint32Array(B),
    weights: new Float32Array(B).fill(1, 0, labels.length),
  };
  full.pictures.set(pictures);
  full.labels.set(labels);
  return full;
}
