// Fine-tuning for semantic segmentation: every pixel of a picture gets a class.

import { argmax, imageTensor, randomSource } from "../../../kernels/mod.ts";
import { pixelClassesKey, segmentationKey } from "../../checkpoint/beit/mod.ts";
import type { EvaluatedPart } from "../../data/augment/evaluation.ts";
import type { BatchData } from "../../data/batch.ts";
import type { Batch } from "../../data/loader.ts";
import { ignoredLabel } from "../../data/label_map.ts";
import { draws } from "../../data/random.ts";
import { countPixels, segmentationScores } from "../../evaluate/segmentation.ts";
import { input } from "../../graph.ts";
import { beit } from "../../models/beit.ts";
import type { BeitConfig } from "../../models/beit_config.ts";
import { pixelScores, pixelWeights, segmentationLoss } from "../../models/segmentation.ts";
import {
  segment,
  type SegmentationHead,
  segmentationHead,
  segmentationParams,
  segmentationStatistics,
} from "../../models/segmentation_head.ts";
import { officialTaps, type Segmented } from "../../models/upernet.ts";
import { statistics } from "../../nn/conv_norm.ts";
import { parameters } from "../../nn/parameters.ts";
import { compile } from "../../program.ts";
import { countOf, type Pictures, sizeOfShare, trainingBatches } from "../data.ts";
import type { Recipe } from "../recipe.ts";
import { trainingFacts } from "../recipe/training.ts";
import type { Job, StageContext, Task } from "../stage.ts";
import { Update, type Values } from "../update.ts";
import { meansOver } from "./held_out.ts";
import { recordTuned } from "./record_tuned.ts";
import { showSegments } from "./show_segments.ts";
import { tunedEncoder, tunedGroups, tunedSchedule } from "./tuned_encoder.ts";
import { trainingViews } from "./views.ts";

/** Builds a fine-tuning of `data.pixelClasses` on the device. */
export async function segmentationTask(context: StageContext, job: Job): Promise<Task<BatchData>> {
  const { device, recipe, data, run, workers } = context, { finetune: settings } = recipe, classes = data.pixelClasses!, K = classes.length;
  const { config, table: encoderTable } = await tunedEncoder(context, job), head = headOf(recipe, config, K);
  const table = { ...encoderTable, ...segmentationParams(head) }, groups = tunedGroups(table, config, recipe, job);
  const labelled = someOf(data.train, job.labels!, recipe.seed), facts = trainingFacts(settings, countOf(labelled));
  const B = facts.microBatch, size = settings.imageSize ?? recipe.encoder.imageSize, seed = recipe.seed + job.seed;
  const p = parameters(table, { seed }), running = statistics(segmentationStatistics(head));

  const pictures = imageTensor(input("pictures", [B, size, size, 3], "u8"), recipe.data.mean, recipe.data.std);
  const labels = input("labels", [B, size, size], "u32"), weights = input("weights", [B, size, size]);
  const judged = (segmented: Segmented) =>
    segmentationLoss(segmented, labels, weights, head.kind === "upernet" ? head.auxiliary?.lossWeight : undefined);
  const random = randomSource(), weighted = { ...p, ...running };
  const encoded = beit(weighted, pictures, config, { random });
  const seen = segment(weighted, encoded, head, { random }), { loss, accuracy } = judged(seen);
  const update = await Update.compile(device, {
    params: p,
    table: groups,
    loss,
    values: { accuracy },
    running: { states: running, updates: seen.updates },
    recompute: settings.recompute ? encoded.blocks : undefined,
  }, settings);
  const segmented = segment(update.weights, beit(update.weights, pictures, config), head);
  const predicted = argmax(pixelScores(segmented.logits, [size, size]), 1);
  // Without the auxiliary head, which is there for training.
  const measured = segmentationLoss({ logits: segmented.logits, updates: [] }, labels, weights);
  const measuring = await compile(device, { loss: measured.loss, predicted }, { share: update.program });

  const rate = tunedSchedule(recipe, facts);
  return {
    model: { kind: "segmentation", config: { encoder: config, head }, classes },
    metadata: { beit: JSON.stringify(config), [segmentationKey]: JSON.stringify(head), [pixelClassesKey]: JSON.stringify(classes) },
    learning: {
      training: settings,
      facts,
      update,
      batches: (state) =>
        trainingBatches(labelled, {
          preparation: trainingViews(recipe, { ...settings, ratio: [1, 1] }, [{ size, filter: "bicubic" }]),
          onError: recipe.data.onError,
          labelMaps: true,
          workers,
          batchSize: B,
          state,
        }),
      inputs: inputsOf,
      schedule: (step) => ({ lr: rate(step) }),
    },
    async measure() {
      const counts = new Float64Array(K * K), losses: number[] = [];
      const over = (part: EvaluatedPart, pictures: Pictures, each: (batch: Batch, predicted: Uint32Array) => void | Promise<void>) =>
        meansOver(measuring, {
          context,
          pictures,
          preparation: { kind: "evaluate", size, filter: "bicubic", share: 1, part },
          labelMaps: true,
          batchSize: B,
          inputs: inputsOf,
          names: ["loss"],
          each: async (batch) => each(batch, await measuring.read("predicted") as Uint32Array),
        });
      for (const part of ["first", "last"] as const) {
        const count = (batch: Batch, predicted: Uint32Array) => countPixels(batch.labelMaps!, predicted, K, counts);
        losses.push((await over(part, data.heldOut, count)).loss);
      }
      const shown = data.heldOut.only ?? Uint32Array.from({ length: data.heldOut.set.length }, (_, i) => i);
      await over(
        "middle",
        { ...data.heldOut, only: shown.slice(0, B) },
        (batch, predicted) => showSegments(run, job, batch, predicted, size),
      );
      const { accuracy, meanIou, iou, commonest } = segmentationScores(counts);
      const known = iou.flatMap((value, k) => Number.isNaN(value) ? [] : [[classes[k], value]]);
      recordTuned(run, job, { accuracy, meanIou, iou: Object.fromEntries(known) });
      return { values: { loss: (losses[0] + losses[1]) / 2, accuracy, meanIou, commonest }, score: meanIou };
    },
    destroy() {
      measuring.destroy();
      update.destroy();
      return Promise.resolve();
    },
  };
}

function headOf({ finetune: { head, headChannels } }: Recipe, { dim, depth, normEps }: BeitConfig, classes: number): SegmentationHead {
  if (head === "linear") return segmentationHead({ kind: "linear", dim, classes, block: depth, normEps }, "finetune");
  const channels = headChannels ?? dim;
  return segmentationHead({
    ...{ kind: "upernet", dim, classes, channels, taps: officialTaps(depth) },
    auxiliary: { channels: Math.min(256, channels) }, // 256 as published; a small model needs no more than its own
  }, "finetune");
}

/** A share of the pictures, whatever classes their pixels are of. */
function someOf(pictures: Pictures, share: number, seed: number): Pictures {
  if (share === 1) return pictures;
  const count = countOf(pictures), order = draws({ seed, epoch: 0, index: 0 }, "labelled").permutation(count);
  const places = order.subarray(0, sizeOfShare(count, share, 1));
  return { ...pictures, only: places.map((place) => pictures.only?.[place] ?? place).sort() };
}

const inputsOf = ({ views, labelMaps }: Batch): Values => ({
  pictures: views[0].pixels,
  labels: labelMaps!,
  weights: pixelWeights(labelMaps!, ignoredLabel),
});
