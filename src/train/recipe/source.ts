// The data of a recipe: one schema a kind of data set, so that a slip is met by the field's name.

import { z } from "npm:zod@4.6.7";
import type { DataSource } from "../../data/datasets/mod.ts";
import { once, strictObject } from "../../schema.ts";

const path = () => z.string().min(1);
const split = () => z.enum(["train", "test"]).optional();
const classes = () => z.array(z.string()).optional();

export const Source = once(() =>
  z.discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("mosaics"),
      length: z.int().positive().optional(),
      size: z.int().positive().optional(),
      seed: z.int().min(0).optional(),
      split: split(),
    }),
    z.strictObject({
      kind: z.literal("panels"),
      length: z.int().positive().optional(),
      size: z.int().positive().optional(),
      seed: z.int().min(0).optional(),
      split: split(),
      most: z.int().min(2).optional(),
    }),
    z.strictObject({ kind: z.literal("folder"), path: path() }),
    z.strictObject({ kind: z.literal("image_folder"), path: path(), labels: path().optional(), classes: classes() }),
    z.strictObject({
      kind: z.literal("segmentation"),
      path: path(),
      split: z.string().optional(),
      classes: z.union([z.int().min(2).max(255), z.array(z.string()).min(2).max(255)]).optional(),
      reduceZeroLabel: z.boolean().optional(),
    }),
    z.strictObject({
      kind: z.literal("cifar"),
      path: path(),
      classes: z.union([z.literal(10), z.literal(100)]).optional(),
      split: split(),
    }),
    z.strictObject({ kind: z.literal("idx"), path: path(), split: split(), labels: path().optional(), classes: classes() }),
    z.strictObject({ kind: z.literal("webdataset"), path: path(), classes: classes() }),
    z.strictObject({
      kind: z.literal("parquet"),
      path: path(),
      split: z.string().optional(),
      image: z.string().optional(),
      label: z.string().optional(),
      classes: classes(),
    }),
    z.strictObject({ kind: z.literal("cifar10"), split: split(), cache: path().optional() }),
    z.strictObject({ kind: z.literal("imagenette"), split: split(), cache: path().optional() }),
  ]) satisfies z.ZodType<DataSource>
);

const rgb = (start: number, description: string, value = z.number()) =>
  z.tuple([value, value, value]).default([start, start, start]).meta({ description });

export const Data = strictObject(() => ({
  train: Source().default({ kind: "mosaics" }).meta({ description: "pictures to train on" }),
  heldOut: Source().nullable().default(null).meta({
    description: "pictures to measure on; null: a part of those to train on is held back",
  }),
  heldBack: z.number().gt(0).lt(1).default(0.1).meta({ description: "that part, where heldOut is null" }),
  measured: z.int().positive().default(2000).meta({ description: "held-out pictures that are measured on, at most" }),
  onError: z.enum(["fail", "skip"]).default("fail").meta({
    description: "a picture that cannot be read ends the run, or is left out and counted",
  }),
  mean: rgb(0.5, "of red, green and blue, subtracted from values in [0, 1]"),
  std: rgb(0.5, "by which they are then divided", z.number().positive()),
}));
