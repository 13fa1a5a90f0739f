// What every trained stage has in its recipe: how long, how many pictures at once, AdamW and its schedule.

import { z } from "npm:zod@4.6.7";
import { once } from "../../schema.ts";

const positive = (description: string) => z.number().positive().meta({ description });
const count = (description: string) => z.int().positive().meta({ description });
/** Null, not absent: a recipe in a file must say so where its preset says otherwise. */
export const optional = <T extends z.ZodType>(schema: T, description: string) =>
  schema.nullable().default(null as never).meta({ description });

/** The fields; a stage adds its own beside them. */
export const training = once(() => ({
  epochs: z.number().positive().default(1).meta({ description: "passes over the training pictures" }),
  steps: optional(z.int().positive(), "updates in all; takes the place of epochs"),
  batchSize: count("pictures of one update").default(32),
  accumulation: count("parts in which the pictures of an update pass through the device, one after the other").default(1),
  lr: positive("peak learning rate").default(1e-3),
  lrBatch: optional(z.int().positive(), "batch size that lr is meant for: the actual rate is lr * batchSize / lrBatch; absent: lr itself"),
  minLr: z.number().min(0).default(1e-5).meta({ description: "rate at the end of the cosine" }),
  warmup: z.number().min(0).max(1).default(0.05).meta({ description: "share of the updates in which the rate rises, part of the whole" }),
  warmupEpochs: optional(z.number().min(0), "epochs of it; takes the place of warmup"),
  warmupSteps: optional(z.int().min(0), "updates of it; takes the place of both"),
  weightDecay: z.number().min(0).default(0.05).meta({ description: "decoupled decay of AdamW" }),
  beta1: z.number().min(0).lt(1).default(0.9).meta({ description: "decay of AdamW's first moment" }),
  beta2: z.number().min(0).lt(1).default(0.999).meta({ description: "decay of AdamW's second moment" }),
  eps: positive("AdamW's epsilon").default(1e-8),
  clip: z.number().positive().nullable().default(3).meta({ description: "largest global norm of the gradient; null: no clipping" }),
  ema: z.number().min(0).lt(1).nullable().default(null).meta({
    description: "decay of a moving average of the weights, which is then measured and handed on; null: none",
  }),
  precision: z.enum(["f32", "f16"]).default("f32").meta({
    description: "how activations are kept on the device; f16 takes half the memory, and a GPU that has it",
  }),
  measureEvery: optional(z.int().positive(), "updates between measurements on held-out pictures; absent: at the end alone"),
}));

/** Of what trains an encoder, whose blocks can be computed a second time. */
export const blocks = once(() => ({
  recompute: z.boolean().default(false).meta({
    description: "whether backward computes each block again in place of keeping what it made: less memory for about a third more time",
  }),
}));

export type Training = z.infer<z.ZodObject<ReturnType<typeof training>>>;

/** What a recipe leaves to be computed. */
export interface TrainingFacts {
  /** Updates in all, and among them of warm-up. */
  steps: number;
  warmup: number;
  /** Pictures that pass through the device at once. */
  microBatch: number;
  /** Batches of the device in one epoch. */
  microBatchesPerEpoch: number;
  /** Peak learning rate. */
  lr: number;
}

/** `pictures` is the size of the training set. An incomplete last batch of an epoch is left out. */
export function trainingFacts(t: Training, pictures: number): TrainingFacts {
  const microBatch = t.batchSize / t.accumulation, microBatchesPerEpoch = Math.floor(pictures / microBatch);
  const stepsOf = (epochs: number) => Math.floor(epochs * microBatchesPerEpoch / t.accumulation);
  const steps = t.steps ?? Math.max(1, stepsOf(t.epochs));
  return {
    steps,
    warmup: Math.min(steps, t.warmupSteps ?? (t.warmupEpochs === null ? Math.round(t.warmup * steps) : stepsOf(t.warmupEpochs))),
    microBatch,
    microBatchesPerEpoch,
    lr: t.lrBatch ? t.lr * t.batchSize / t.lrBatch : t.lr,
  };
}
