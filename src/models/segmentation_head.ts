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
/** A head for semantic segmentation with its sizes, by `kind`; `segmentationHead()` makes and checks it. */
export type SegmentationHead = z.infer<ReturnType<typeof SegmentationHead>>;

/**
 * The head with its defaults filled in. Throws RecipeError with every fault by name; `where` is how its message begins.
 *
 * ```ts
 * import { segmentationHead } from "../../mod.ts";
 * console.assert(segmentationHead({ kind: "upernet", dim: 16, classes: 3, taps: [1, 1, 2, 2] }).kind === "upernet");
 * ```
 */
export function segmentationHead(options: unknown, where = "segmentation head"): SegmentationHead {
  return parseWith(SegmentationHead(), options, (faults) => new RecipeError(`${where}: ${faults}`));
}

/**
 * Every parameter of a head.
 *
 * ```ts
 * import { segmentationHead, segmentationParams } from "../../mod.ts";
 * const head = segmentationHead({ kind: "linear", dim: 16, classes: 3, block: 1 });
 * console.assert("decode_head.conv_seg.weight" in segmentationParams(head));
 * ```
 */
export function segmentationParams(head: SegmentationHead): Record<string, ParamSpec> {
  return head.kind === "upernet" ? upernetParams(head) : linearSegmentationParams(head);
}

/**
 * Its running statistics, for `statistics()`; the linear head has none.
 *
 * ```ts
 * import { segmentationHead, segmentationStatistics } from "../../mod.ts";
 * const head = segmentationHead({ kind: "linear", dim: 16, classes: 3, block: 1 });
 * console.assert(Object.keys(segmentationStatistics(head)).length === 0);
 * ```
 */
export function segmentationStatistics(head: SegmentationHead): Record<string, ParamSpec> {
  return head.kind === "upernet" ? upernetStatistics(head) : {};
}

/**
 * Scores of an encoded picture's pixels by the head; with `random` as in training. `p` has parameters and running statistics.
 *
 * ```ts
 * import { beit, beitConfig, beitParams, input, parameters, segment, segmentationHead, segmentationParams } from "../../mod.ts";
 * const config = beitConfig({ imageSize: 32, patchSize: 8, dim: 16, depth: 1, heads: 2 }), head = segmentationHead({ kind: "linear", dim: 16, classes: 3, block: 1 });
 * const p = parameters({ ...beitParams(config), ...segmentationParams(head) });
 * console.assert(segment(p, beit(p, input("pictures", [2, 3, 32, 32]), config), head).logits.shape.join() === "2,3,4,4");
 * ```
 */
export function segment(p: Params, encoded: Pick<Encoded, "blocks" | "window">, head: SegmentationHead, run: UpernetRun = {}): Segmented {
  return head.kind === "upernet" ? upernet(p, encoded, head, run) : linearSegmentation(p, encoded, head);
}
