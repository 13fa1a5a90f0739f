// What a report is made of: files of the run's folder and nothing else, so that it can be made anew at any time.
//
// recipe.json and metrics.jsonl are the run's own. evaluation.json is this file's schema; stages add their part with
// `recordEvaluation()`. pictures/*.png are named `<kind>.png` or `<kind>-<anything>.png`, with a kind of `pictureKinds`.

import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { z } from "npm:zod@4.6.7";
import { CheckpointError } from "../../errors.ts";
import { parseWith } from "../../schema.ts";
import { type MetricLine, readMetrics } from "../run/metrics.ts";

/** Kinds of pictures in the report's order, with what a reader must know to read them. */
export const pictureKinds = {
  inputs: "Pictures as the model sees them.",
  reconstructions:
    "The tokenizer: the pictures, then what it makes of their soft codes at temperature 1, 1/4 and 1/16, then of one token each.",
  samples: "What single codes look like: pictures of one code everywhere, the commonest code first.",
  masks: "What is hidden while the model is trained: it must predict the tokens of the grey patches.",
  predictions: "Picture, what the model sees of it, its guesses decoded, and the true tokens decoded: no guess can be better than these. " +
    "Blurred is normal, because many tokens are plausible.",
  neighbours: "Left the query, right the nearest pictures by the chosen embedding.",
  segments:
    "Held-out pictures, their label maps, and the classes that were predicted; each class has one colour, pixels of no class are black.",
  attention: "Where chosen heads look from the class token; lighter is more.",
  interpolation: "A Gaussian VAE between two pictures.",
  latents: "What the plane of a Gaussian VAE's latents decodes to.",
} as const;
export type PictureKind = keyof typeof pictureKinds;

const share = z.number().min(0).max(1);
const spread = z.strictObject({ mean: z.number(), std: z.number().min(0) });
const blockScore = z.strictObject({
  block: z.int().min(0),
  pool: z.enum(["class-token", "mean", "both"]),
  shrinkage: share.optional(), // absent in runs of before there was a choice
  knn: share,
  rawKnn: share.optional(),
  probe: share.optional(),
});
const baseline = z.strictObject({ accuracy: share, loss: z.number() });

export const Evaluation = z.strictObject({
  tokens: z.strictObject({ vocab: z.int().positive(), chance: baseline, unigram: baseline }).meta({
    description: "tokenBaselines() on held-out pictures",
  }),
  codebook: z.strictObject({
    counts: z.array(z.number().min(0)).meta({ description: "held-out uses of each code" }),
    metrics: z.record(z.string(), z.number()).meta({ description: "on held-out pictures: psnr, l1, bitsPerPixel, perplexity, ..." }),
  }),
  tokenMaps: z.array(z.strictObject({
    name: z.string(),
    rows: z.int().positive(),
    columns: z.int().positive(),
    vocab: z.int().positive(),
    tokens: z.array(z.int().min(0)),
  })),
  blocks: z.strictObject({
    validation: z.array(blockScore),
    chosen: blockScore,
    lastClassToken: blockScore.optional(),
    pictures: z.strictObject({ train: z.int(), validation: z.int(), test: z.int() }),
    k: z.int().positive(),
  }).meta({ description: "chooseBlock()" }),
  finetune: z.array(z.strictObject({
    arm: z.enum(["scratch", "pretrained"]),
    labels: z.number().gt(0).max(1).meta({ description: "share of the labels" }),
    seed: z.int().min(0),
    accuracy: share.meta({ description: "on test pictures, or their pixels, at the end" }),
    meanIou: share.optional(),
    iou: z.record(z.string(), share).meta({ description: "of pixels, by class" }).optional(),
  })),
  qualityCard: z.strictObject({
    pictures: z.int(),
    classes: z.int(),
    seeds: z.array(z.int()),
    k: z.int(),
    chance: share,
    rows: z.array(z.strictObject({
      name: z.string(),
      kind: z.enum(["embedder", "baseline"]),
      dim: z.int(),
      knn: spread,
      recall1: spread,
      meanAveragePrecision: spread,
    })),
    verdicts: z.array(z.string()),
  }).meta({ description: "qualityCard()" }),
  vae: z.array(z.strictObject({
    objective: z.enum(["elbo", "no-kl", "prior"]),
    latents: z.int().positive(),
    loss: z.number(),
    reconstruction: z.number(),
    kl: z.number(),
    sigma: z.number().min(0),
    onePicture: z.number().meta({ description: "reconstruction loss of the mean picture in place of every picture" }),
  })).meta({ description: "of Gaussian VAEs, summed over a held-out picture" }),
  captions: z.record(z.string(), z.string()).meta({ description: "of pictures by file name, instead of their kind's words" }),
}).partial();
export type Evaluation = z.infer<typeof Evaluation>;

export interface ReportInputs {
  name: string;
  recipe: unknown;
  metrics: MetricLine[];
  evaluation: Evaluation;
  pictures: { file: string; kind: PictureKind | undefined; caption: string; png: Uint8Array }[];
}

/** Reads a run's folder. What is absent is left out. @throws CheckpointError for an evaluation.json that is not of its schema. */
export function readReportInputs(folder: string): ReportInputs {
  const evaluation = readEvaluation(folder), pictures = `${folder}/pictures`;
  const files = existsSync(pictures) ? readdirSync(pictures).filter((file) => file.endsWith(".png")).sort() : [];
  return {
    name: folder.split(/[/\\]/).filter(Boolean).at(-1) ?? folder,
    recipe: existsSync(`${folder}/recipe.json`) ? JSON.parse(readFileSync(`${folder}/recipe.json`, "utf8")) : null,
    metrics: readMetrics(`${folder}/metrics.jsonl`),
    evaluation,
    pictures: files.map((file) => {
      const kind = (Object.keys(pictureKinds) as PictureKind[]).find((kind) => file === `${kind}.png` || file.startsWith(`${kind}-`));
      const caption = evaluation.captions?.[file] ?? (kind ? pictureKinds[kind] : file);
      return { file, kind, caption, png: readFileSync(`${pictures}/${file}`) };
    }),
  };
}

export function readEvaluation(folder: string): Evaluation {
  const path = `${folder}/evaluation.json`;
  if (!existsSync(path)) return {};
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new CheckpointError(`${path}: is no JSON (${(error as Error).message}); delete it and evaluate again`);
  }
  return checked(json, path);
}

/** Adds a stage's results to evaluation.json; what it held under the same names is replaced, captions are added up. */
export function recordEvaluation(folder: string, part: Evaluation): void {
  const path = `${folder}/evaluation.json`, before = readEvaluation(folder), captions = { ...before.captions, ...part.captions };
  const next = checked({ ...before, ...part, ...Object.keys(captions).length && { captions } }, path);
  writeFileSync(`${path}.tmp`, JSON.stringify(next));
  renameSync(`${path}.tmp`, path); // a reader sees the old results or the new ones
}

function checked(json: unknown, path: string): Evaluation {
  return parseWith(
    Evaluation,
    json,
    (faults) => new CheckpointError(`${path}: ${faults}; remove the file, and the next stage makes it anew`),
  );
}
