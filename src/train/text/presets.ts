// The table of presets for texts. What no paper has was tuned on two CPU cores.

import { bertTiny } from "../../models/bert_config.ts";
import { merge } from "../recipe/merge.ts";

export interface TextPreset {
  /** One line for `--list`. */
  about: string;
  recipe: Record<string, unknown>;
}

const bertTinyPreset: TextPreset = {
  about: "BERT-Tiny on your own lines (data.texts), masked tokens; for one GPU",
  recipe: {
    stage: "pretrain",
    data: { texts: [{ kind: "lines", path: "texts.txt", empty: "skip" }], length: 128 },
    encoder: bertTiny,
    logEvery: 50,
    checkpoints: { every: 2000 },
    pretrain: {
      steps: 20_000,
      batchSize: 256, // Devlin et al. 2018, A.2
      lr: 1e-3,
      minLr: 0,
      warmupSteps: 1000,
      weightDecay: 0.01, // Devlin et al. 2018, A.2
      clip: 1, // the published code
    },
    finetune: { epochs: 3, batchSize: 32, lr: 5e-5, minLr: 0, weightDecay: 0.01, clip: 1 }, // Devlin et al. 2018, A.3
  },
};

const spanbertTiny: TextPreset = {
  about: "the same with SpanBERT's spans and its span boundary objective",
  recipe: merge(bertTinyPreset.recipe, { pretrain: { mask: "spans", boundary: true } }) as TextPreset["recipe"],
};

const sentiment: TextPreset = {
  about:
    "film reviews (data.labelled): pre-training, then fine-tuning from it and from scratch with few labels and with all; minutes without a GPU",
  recipe: {
    data: {
      labelled: { kind: "lines", files: { negative: "rt-polarity.neg", positive: "rt-polarity.pos" }, encoding: "latin-1" },
      length: 32,
    },
    vocabulary: { size: 3000 },
    encoder: { dim: 64, depth: 2, heads: 2, initial: 0.1, pooling: "mean" },
    logEvery: 25,
    checkpoints: { every: 1000 },
    pretrain: { steps: 3000, masked: 0.25, batchSize: 32, lr: 3e-3, minLr: 0, warmupSteps: 300, weightDecay: 0.01, clip: 1 },
    finetune: {
      steps: 80,
      batchSize: 32,
      lr: 5e-4,
      minLr: 0,
      warmupSteps: 8,
      weightDecay: 0.01,
      clip: 1,
      arms: ["pretrained", "scratch"],
      labels: [0.01, 0.1, 1],
      seeds: [0, 1, 2],
    },
  },
};

export const textPresets: Record<string, TextPreset> = { "bert-tiny": bertTinyPreset, "spanbert-tiny": spanbertTiny, sentiment };
