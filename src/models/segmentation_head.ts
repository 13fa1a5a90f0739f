// The heads for semantic segmentation under one name: UPerNet, or one linear layer.

import { z } from "npm:zod@4.6.7";
import { RecipeError } from "../errors.ts";
import { once, parseWith, strictObject } from "../schema.ts";
import type { ParamSpec } from "../nn/parameters.ts";
import type { Params } from "../nn/transformer.ts";
import type { Encoded } from "./beit.ts";
import { linearSegmentation, linearSegmentationParams } from "./segmentation.ts";
import { type Segmented, upernet, UpernetConfig, upernetParams, type UpernetRun, upernetStatistics } from "./upernet.ts";

const UpernetHead = strictObject(() => ({ kind: z.literal("upernet"), ...UpernetConfig().shape }));
const LinearHead = strictObject(() => ({
  kind: z.literal("linear"),
  dim: z.int().positive(),
  classes: z.int().positive(),
  block: z.int().min(0),
  normEps: z.number().positive().optional(),
}));
export const SegmentationHead = once(() => z.discriminatedUnion("kind", [UpernetHead(), LinearHead()]));
export type SegmentationHead = z.infer<ReturnType<typeof SegmentationHead>>;

/** The head with its defaults filled in. Throws RecipeError with every fault by name; `where` is how its message begins. */
export function segmentationHead(options: unknown, where = "segmentation head"): SegmentationHead {
  return parseWith(SegmentationHead(), options, (faults) => new RecipeError(`${where}: ${faults}`));
}

/** Every parameter of a head. */
export function segmentationParams(head: SegmentationHead): Record<string, ParamSpec> {
  return head.kind === "upernet" ? upernetParams(head) : linearSegmentationParams(head);
}

/** Its running statistics, for `statistics()`; the linear head has none. */
export function segmentationStatistics(head: SegmentationHead): Record<string, ParamSpec> {
  return head.kind === "upernet" ? upernetStatistics(head) : {};
}

/** Scores of an encoded picture's pixels by the head; with `random` as in training. `p` has parameters and running statistics. */
export function segment(p: Params, encoded: Pick<Encoded, "blocks" | "window">, head: SegmentationHead, run: UpernetRun = {}): Segmented {
  return head.kind === "upernet" ? upernet(p, encoded, head, run) : linearSegmentation(p, encoded, head);
}
