// Means over held-out pictures, by a program of one batch size.

import type { Preparation } from "../../data/batch.ts";
import type { Batch } from "../../data/loader.ts";
import type { Field } from "../../data/loader.ts";
import type { Program } from "../../program.ts";
import { batchesOf, type Pictures } from "../data.ts";
import type { Recipe } from "../recipe.ts";
import type { Values } from "../update.ts";

export interface HeldOutOptions {
  context: { recipe: { seed: number; data: Pick<Recipe["data"], "onError"> }; workers: number };
  pictures: Pictures;
  preparation: Preparation;
  batchSize: number;
  fields?: Record<string, Field>;
  labelMaps?: boolean;
  inputs(batch: Batch): Values;
  /**
   * Outputs that are averaged over the pictures: (B), one for each, or (1) for a batch. What fills up the last batch is no picture, so that
   * an output (1) must leave it out by itself.
   */
  names: readonly string[];
  /** Called after each batch, for what is no mean. */
  each?(batch: Batch): Promise<void>;
}

/** Every held-out picture once, in the set's order: the mean of each output. */
export async function meansOver(program: Program, options: HeldOutOptions): Promise<Record<string, number>> {
  const { context: { recipe, workers }, pictures, preparation, batchSize, fields, labelMaps, inputs, names, each } = options;
  const sums = new Map(names.map((name) => [name, 0]));
  let count = 0;
  await using loader = batchesOf(pictures, {
    preparation,
    onError: recipe.data.onError,
    workers: Math.min(workers, 1),
    fields,
    labelMaps,
    batchSize,
    shuffle: false,
    last: "pad",
    epochs: 1,
    state: { seed: recipe.seed, epoch: 0, position: 0 },
  });
  for await (const batch of loader) {
    program.write(inputs(batch));
    program.run();
    const weight = batch.weights.reduce((a, b) => a + b, 0);
    for (const name of names) {
      const values = await program.read(name), each = values.length === batch.weights.length;
      const sum = each ? batch.weights.reduce((sum, w, b) => w > 0 ? sum + w * values[b] : sum, 0) : weight * values[0];
      sums.set(name, sums.get(name)! + sum);
    }
    count += weight;
    await each?.(batch);
  }
  return Object.fromEntries([...sums].map(([name, sum]) => [name, sum / count]));
}
