// The stages of a recipe: what each has beside the fields of every training.

import { z } from "npm:zod@4.6.7";
import { TokenizerConfig } from "../../models/tokenizer.ts";
import { once, strictObject } from "../../schema.ts";
import { blocks, optional, training } from "./training.ts";

const share = () => z.number().min(0).max(1);
const crop = once(() => ({
  crop: z.tuple([share(), share()]).default([0.08, 1]).meta({ description: "share of the picture's area that a crop shows, from, to" }),
  flip: share().default(0.5).meta({ description: "probability of a horizontal flip" }),
  jitter: z.number().min(0).max(1).default(0).meta({ description: "strength of brightness, contrast and saturation jitter" }),
}));

export const Tokenizer = strictObject(() => ({
  ...training(),
  ...crop(),
  from: z.string().default("run").meta({ description: '"run": the tokenizer that this run trains; or a checkpoint of one' }),
  model: TokenizerConfig().default({ form: "dalle", vocab: 8192, hidden: 16, initial: 32, groups: 3, blocks: 1 }).meta({
    description: "its sizes",
  }),
  imageSize: optional(z.int().positive(), "pixels a side; null: so many that there is one token for each patch"),
  relaxation: z.enum(["gumbel", "straight-through"]).default("gumbel").meta({ description: "what the decoder sees of a token" }),
  temperature: z.tuple([z.number().positive(), z.number().positive()]).default([1, 1 / 16]).meta({
    description: "of the Gumbel softmax, from, to, along half a cosine",
  }),
  temperatureSteps: optional(z.int().positive(), "updates for that; null: all"),
  kl: z.number().min(0).default(6.6).meta({
    description: "weight of the divergence from the uniform distribution over tokens, at its peak",
  }),
  usage: z.number().min(0).default(0).meta({
    description: "weight of the same divergence of the mean over a batch: it keeps all tokens in use and costs no information",
  }),
  klSteps: optional(z.int().positive(), "updates in which that weight rises from 0; null: a tenth of all"),
}));

export const Pretrain = strictObject(() => ({
  ...training(),
  ...blocks(),
  ...crop(),
  from: z.string().default("scratch").meta({ description: '"scratch", or a checkpoint to begin with' }),
  fixedCrops: z.boolean().default(false).meta({
    description: "the middle of each picture in place of random crops: its tokens are computed once, into a file of the run",
  }),
  tokens: optional(z.string().min(1), "the file of `deno task tokens` that has them already; null: a file of the run"),
  target: z.enum(["tokens", "pixels"]).default("tokens").meta({ description: "what is predicted at masked patches" }),
  mask: z.enum(["blockwise", "official", "random"]).default("blockwise").meta({
    description: "blocks, exactly as many patches as masked says; blocks as the official code draws them; patches anywhere",
  }),
  masked: z.number().gt(0).lt(1).default(0.4).meta({ description: "share of the patches that are masked" }),
  minBlock: z.int().positive().default(16).meta({ description: "patches of a block, at least" }),
  replace: z.strictObject({
    maskToken: share().default(1).meta({ description: "share of the masked patches where the mask token stands" }),
    randomPatch: share().default(0).meta({
      description: "share where another patch of the picture stands; BERT's three are 0.8, 0.1, 0.1",
    }),
    unchanged: share().default(0).meta({ description: "share that is left as it is; the three sum to 1" }),
  }).prefault({}),
  measureKnn: z.boolean().default(false).meta({
    description: "whether each measurement tells the kNN accuracy of the best block, too; probe's settings say on how many pictures",
  }),
}));

export const Probe = strictObject(() => ({
  train: z.int().positive().default(2000).meta({ description: "pictures that the probes are fitted on, at most" }),
  validation: z.int().positive().default(500).meta({ description: "further training pictures that choose the block" }),
  batchSize: z.int().positive().default(32).meta({ description: "pictures that pass through the encoder at once" }),
  k: z.int().positive().default(10).meta({ description: "nearest neighbours that vote" }),
  temperature: z.number().positive().default(0.07).meta({ description: "of the votes' weights exp(similarity / temperature)" }),
}));

export const Finetune = strictObject(() => ({
  ...training(),
  ...blocks(),
  ...crop(),
  task: z.enum(["classification", "segmentation"]).default("classification").meta({
    description: "classes of whole pictures, or of their pixels, which needs data with label maps",
  }),
  imageSize: optional(z.int().positive(), "pixels a side, to which the positions are fitted; null: the encoder's"),
  schedule: z.enum(["cosine", "linear"]).default("cosine").meta({ description: "how the rate falls after the warm-up" }),
  from: z.string().default("run").meta({ description: '"run": what this run pre-trained; or a checkpoint' }),
  arms: z.array(z.enum(["pretrained", "scratch"])).nonempty().default(["pretrained"]).meta({
    description: "begin with pre-trained weights, with random ones, or compare both under one recipe",
  }),
  labels: z.array(z.number().gt(0).max(1)).nonempty().default([1]).meta({
    description: "shares of the labelled pictures, each a training of its own",
  }),
  seeds: z.array(z.int().min(0)).nonempty().default([0]).meta({ description: "one training each; added to the recipe's seed" }),
  layerDecay: z.number().gt(0).max(1).default(0.65).meta({ description: "factor of the learning rate from each layer to the one below" }),
  dropPath: optional(z.number().min(0).lt(1), "in place of the encoder's"),
  smoothing: z.number().min(0).lt(1).default(0.1).meta({ description: "share of a label that is spread over all classes" }),
  mixup: z.number().min(0).default(0).meta({ description: "alpha of mixup's Beta distribution; 0: none" }),
  cutmix: z.number().min(0).default(0).meta({ description: "alpha of CutMix's Beta distribution; 0: none" }),
  mixProbability: share().default(1).meta({ description: "share of the batches that are mixed" }),
  switchProbability: share().default(0.5).meta({ description: "how often CutMix is taken where both are on" }),
  erasing: share().default(0).meta({ description: "probability that a box of a picture is erased" }),
  randAugment: z.number().min(0).max(10).nullable().default(null).meta({ description: "magnitude of RandAugment; null: none" }),
  head: z.enum(["upernet", "linear"]).default("upernet").meta({
    description: "of segmentation: UPerNet over four blocks, or one linear layer over the last",
  }),
  headChannels: optional(z.int().positive(), "inside UPerNet; null: the encoder's"),
}));

export const Checkpoints = strictObject(() => ({
  every: z.int().positive().default(500).meta({ description: "updates between checkpoints; the end of a stage always has one" }),
  keep: z.int().positive().default(2).meta({ description: "newest checkpoints of a stage that are kept, beside the best" }),
  onFailure: z.enum(["stop", "continue"]).default("stop").meta({
    description: "what a checkpoint that cannot be written (a full disk) does to the run; the older ones are intact",
  }),
}));
