// The encoder of a recipe: BEiT's fields without those that a stage decides (which heads there are, and how many classes).

import { z } from "npm:zod@4.6.7";
import { BeitConfig, type BeitConfig as Config, beitConfig } from "../../models/beit_config.ts";
import { strictObject } from "../../schema.ts";

export const Encoder = strictObject(() => {
  const { vocab: _, classes: __, targets: ___, imageSize: ____, ...fields } = BeitConfig().shape;
  return { imageSize: z.int().positive().default(224).meta({ description: "pixels a side of a picture" }), ...fields };
});
export type Encoder = z.infer<ReturnType<typeof Encoder>>;

/** The model of a stage: the recipe's encoder with that stage's heads. What predicts tokens beside the masked ones goes with them. */
export function encoderConfig(
  { aggregation, ...encoder }: Encoder,
  heads: Pick<Partial<Config>, "vocab" | "classes" | "targets" | "relativePositions">,
): Config {
  return beitConfig({ ...encoder, ...heads, ...heads.vocab && { aggregation } }, "encoder");
}
