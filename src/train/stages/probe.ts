// The probe: which block of the pre-trained encoder makes the best vectors of pictures, how good they are, and the embedder made of it.

import { fingerprint } from "../../checkpoint/fingerprint.ts";
import { loadBeit, type LoadedBeit } from "../../checkpoint/beit/mod.ts";
import { embedderFile, writeEmbedder } from "../../checkpoint/embedder.ts";
import {
  type BlockFeatures,
  blockFeatures,
  chooseBlock,
  colourHistogram,
  type Features,
  fitWhitening,
  pick,
  qualityCard,
  rawPixels,
  whiten,
} from "../../evaluate/mod.ts";
import { beitParams } from "../../models/beit.ts";
import { parameters } from "../../nn/parameters.ts";
import { classCount } from "../data.ts";
import { recordEvaluation } from "../report/inputs.ts";
import type { Measured, Stage, StageContext, Task } from "../stage.ts";
import { featuresOf, imageSide, probedPictures } from "./encoder_pictures.ts";
import { showAttention, showNeighbours } from "./show_embedder.ts";
import { weightsAt } from "./weights.ts";

/** Of the whitening where no labels choose one: fewer training pictures than directions must not blow noise up. */
const cautious = 0.1;

export const probe: Stage = {
  name: "probe",

  jobs: () => [{ id: "probe", stage: "probe", seed: 0 }],

  facts: () => undefined,

  async build(context): Promise<Task> {
    const { recipe } = context, { finetune: { from } } = recipe;
    const encoder = context.dry ? undefined : await loadBeit(weightsAt(from, "pretrain", context));
    return {
      model: { kind: "embedder", config: encoder?.config },
      measure: () => evaluate(context, encoder!),
      destroy: () => Promise.resolve(),
    };
  },
};

async function evaluate(context: StageContext, encoder: LoadedBeit): Promise<Measured> {
  const { recipe, data, device, run, note } = context,
    { probe: settings, seed } = recipe,
    { config } = encoder,
    labelled = classCount(data) > 0;
  const { training, train: T, validation: V } = probedPictures(context), test = data.heldOut;
  const labels: number[] = [], pixels: Uint8Array[] = [];
  const collected = await featuresOf(context, parameters(encoder.table, { seed }), config, [training, test], {
    each(batch, bytes) {
      labels.push(...batch);
      pixels.push(bytes);
    },
  });
  const candidates = blockFeatures(collected), names = { encoder: fingerprint(config, Object.entries(encoder.values)) };
  const rows = (from: number, to: number) => Uint32Array.from({ length: to - from }, (_, i) => from + i);
  const whiteningOf = (features: Features, shrinkage: number) => fitWhitening(pick(features, rows(0, T + V)), { shrinkage });
  const size = imageSide(config.imageSize), seen = joined(pixels), bytes = 3 * size * size, ends = labels.length;
  /** Writes the embedder and shows what it does; gives its vectors of all pictures. */
  const embedder = async ({ block, pool, features }: BlockFeatures, shrinkage: number): Promise<Features> => {
    const D = features.dim, dimensions = [D / 4, D / 2, D].filter((d) => Number.isInteger(d) && d > 0);
    const whitening = whiteningOf(features, shrinkage), vectors = whiten(features, whitening);
    await writeEmbedder(`${run.path}/${embedderFile}`, { block, pool, ...names, whitening, dimensions });
    await showNeighbours(run, vectors, seen, size, { bank: rows(0, T), test: rows(T + V, ends) });
    await showAttention(run, device, encoder.table, config, Math.max(1, block), seen.subarray((T + V) * bytes), recipe);
    return vectors;
  };
  if (!labelled) {
    const block = Math.round(0.75 * config.depth), chosen = candidates.find((c) => c.block === block && c.pool === "mean")!;
    await embedder(chosen, cautious);
    note(`probe: ${data.train.set.name} has no labels to choose a block by; the embedder takes block ${block}, the mean of patches`);
    return { values: { block }, score: 0 };
  }

  const parts = { train: rows(0, T), validation: rows(T, T + V), test: rows(T + V, labels.length) };
  const { k, temperature } = settings, choice = await chooseBlock(candidates, labels, parts, { device, k, temperature });
  const { chosen, lastClassToken } = choice, { shrinkage } = chosen;
  const found = candidates.find((c) => c.block === chosen.block && c.pool === chosen.pool)!;
  const vectors = await embedder(found, shrinkage), held = { size, values: seen.subarray((T + V) * bytes) };
  const card = await qualityCard(
    [
      {
        name: `block ${chosen.block}, ${chosen.pool}, ${shrinkage === 1 ? "centred" : "whitened"}`,
        kind: "embedder",
        features: () => pick(vectors, parts.test),
      },
      { name: "colour histogram", kind: "baseline", features: () => colourHistogram(held) },
      { name: "raw pixels", kind: "baseline", features: () => rawPixels(held) },
      {
        name: "encoder with random weights",
        kind: "baseline",
        async features(at) {
          const { block, pool } = chosen,
            weights = parameters(beitParams(config), { seed: seed + 1000 + at });
          const random = await featuresOf(context, weights, config, [training, test], { blocks: [block] });
          const { features } = blockFeatures(random).find((c) => c.pool === pool)!;
          return whiten(pick(features, parts.test), whiteningOf(features, shrinkage)); // fitted on the same pictures as the embedder's
        },
      },
    ],
    labels.slice(T + V),
    { k, device },
  );
  recordEvaluation(run.path, {
    blocks: { ...choice, pictures: { train: T, validation: V, test: labels.length - T - V }, k },
    qualityCard: card,
  });
  for (const verdict of card.verdicts) note(`probe: ${verdict}`);
  const values = { block: chosen.block, knn: chosen.knn, rawKnn: chosen.rawKnn, probe: chosen.probe!, chance: card.chance };
  const last = lastClassToken &&
    { lastClassTokenKnn: lastClassToken.knn, lastClassTokenRawKnn: lastClassToken.rawKnn, lastClassTokenProbe: lastClassToken.probe! };
  return {
    values: { ...values, ...last },
    score: chosen.knn,
  };
}

function joined(parts: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
