// Fine-tuning: a classifier of pictures or of their pixels, from a pre-trained encoder, or from nothing under the same recipe and seeds.

import {
  crossEntropyAndAccuracy,
  eraseBoxes,
  imageTensor,
  mixBatch,
  mixTargets,
  normal,
  type Random,
  randomSource,
} from "../../../kernels/mod.ts";
import { drawMix } from "../../data/augment/mix.ts";
import type { BatchData } from "../../data/batch.ts";
import type { Batch } from "../../data/loader.ts";
import { RecipeError } from "../../errors.ts";
import { input, type Tensor } from "../../graph.ts";
import { beit } from "../../models/beit.ts";
import { classLogits } from "../../models/beit_heads.ts";
import { parameters } from "../../nn/parameters.ts";
import { compile } from "../../program.ts";
import { classCount, countOf, labelledShare, sizeOfShare, trainingBatches } from "../data.ts";
import { trainingFacts } from "../recipe/training.ts";
import { type Job, type Stage, type StageContext, type Task, tuningJobs } from "../stage.ts";
import { Update, type Values } from "../update.ts";
import { meansOver } from "./held_out.ts";
import { recordTuned } from "./record_tuned.ts";
import { segmentationTask } from "./segment.ts";
import { tunedEncoder, tunedGroups, tunedSchedule } from "./tuned_encoder.ts";
import { heldOutView, trainingViews } from "./views.ts";

export const finetune: Stage = {
  name: "finetune",

  jobs({ stage, finetune: { arms, labels, seeds, task } }, data) {
    if (task === "segmentation" && !data.pixelClasses) {
      if (stage !== "finetune" && stage !== "all") return [];
      throw new RecipeError(`finetune: ${data.train.set.name} has no label maps; give data of the kind segmentation, or another task`);
    }
    if (task === "classification" && !classCount(data)) return [];
    return tuningJobs({ arms, labels, seeds });
  },

  facts: ({ finetune }, data, job) => trainingFacts(finetune, sizeOfShare(countOf(data.train), job.labels!, classCount(data) || 1)),

  build: (context, job) => (context.recipe.finetune.task === "segmentation" ? segmentationTask : classification)(context, job),
};

async function classification(context: StageContext, job: Job): Promise<Task<BatchData>> {
  const { device, recipe, data, workers } = context, { finetune: settings } = recipe, classes = classCount(data);
  const { config, table } = await tunedEncoder(context, job, { classes }), groups = tunedGroups(table, config, recipe, job);
  const labelled = await labelledShare(data.train, job.labels!, classes, recipe.seed);
  const facts = trainingFacts(settings, countOf(labelled)), B = facts.microBatch, size = settings.imageSize ?? recipe.encoder.imageSize;
  const p = parameters(table, { seed: recipe.seed + job.seed });

  const pixels = input("pictures", [B, size, size, 3], "u8"), labels = input("labels", [B], "u32"), weights = input("weights", [B]);
  const pictures = imageTensor(pixels, recipe.data.mean, recipe.data.std);
  const encode = (p: Record<string, Tensor>, x: Tensor, random?: Random) => beit(p, x, config, { random });
  const random = randomSource(), mixes = settings.mixup + settings.cutmix > 0;
  const erased = settings.erasing ? eraseBoxes(pictures, normal(pictures.shape, random), input("erase", [B, 4], "u32")) : pictures;
  const lam = input("lam", [1]), box = input("box", [4], "u32");
  const encoded = encode(p, mixes ? mixBatch(erased, lam, box) : erased, random), seen = classLogits(p, encoded, config);
  const { loss, accuracy } = mixes
    ? crossEntropyAndAccuracy(seen, mixTargets(labels, classes, lam, settings.smoothing), { weights })
    : crossEntropyAndAccuracy(seen, labels, { weights, smoothing: settings.smoothing });
  const recompute = settings.recompute ? encoded.blocks : undefined;
  const update = await Update.compile(device, { params: p, table: groups, loss, values: mixes ? {} : { accuracy }, recompute }, settings);
  const scores = classLogits(update.weights, encode(update.weights, pictures), config);
  const judged = crossEntropyAndAccuracy(scores, labels, { weights });
  const measuring = await compile(device, judged, { share: update.program });

  const rate = tunedSchedule(recipe, facts);
  const plain = (batch: Batch): Values => ({
    pictures: batch.views[0].pixels,
    labels: labelsOf(batch, classes),
    weights: batch.weights,
  });
  return {
    model: { kind: "beit", config, classes: data.classes },
    metadata: { beit: JSON.stringify(config), ...data.classes && { classes: JSON.stringify(data.classes) } },
    learning: {
      training: settings,
      facts,
      update,
      batches: (state) =>
        trainingBatches(labelled, {
          preparation: trainingViews(recipe, settings, [{ size, filter: "bicubic" }]),
          onError: recipe.data.onError,
          workers,
          batchSize: B,
          state,
        }),
      inputs(batch, { step, part }) {
        const values = plain(batch);
        if (settings.erasing) values.erase = Uint32Array.from(batch.erase!);
        if (!mixes) return values;
        const key = { seed: recipe.seed + job.seed, epoch: 0, index: step * settings.accumulation + part };
        const mix = drawMix({ width: size, height: size }, { ...settings, probability: settings.mixProbability }, key), { box } = mix;
        // A picture that could not be read is not mixed into another, either.
        const pairs = batch.weights.map((weight, i) => weight * batch.weights[B - 1 - i]);
        return {
          ...values,
          weights: pairs,
          lam: mix.lambda,
          box: box ? [box.top, box.top + box.height, box.left, box.left + box.width] : [0, 0, 0, 0],
        };
      },
      schedule: (step) => ({ lr: rate(step) }),
    },
    async measure() {
      const means = await meansOver(measuring, {
        context,
        pictures: data.heldOut,
        preparation: heldOutView(size),
        batchSize: B,
        inputs: plain,
        names: ["loss", "accuracy"],
      });
      recordTuned(context.run, job, { accuracy: means.accuracy });
      return { values: { ...means, chance: 1 / classes }, score: means.accuracy };
    },
    destroy() {
      measuring.destroy();
      update.destroy();
      return Promise.resolve();
    },
  };
}

function labelsOf({ labels, weights, names }: Batch, classes: number): Uint32Array {
  return Uint32Array.from(labels, (label, i) => {
    if (weights[i] > 0 && !(label >= 0 && label < classes)) {
      throw new RecipeError(`finetune: ${names[i]} has label ${label}, there are ${classes} classes; give labelled pictures`);
    }
    return Math.max(0, label);
  });
}
