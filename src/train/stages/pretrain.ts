// Masked image modeling: the tokens (or the pixels) of hidden patches from the patches that are seen.

import { add, crossEntropyAndAccuracy, imageTensor, pick, type Random, randomSource } from "../../../kernels/mod.ts";
import { type TokenizerWeights, withWeights } from "../../checkpoint/tokenizer.ts";
import type { View } from "../../data/augment.ts";
import type { BatchData } from "../../data/batch.ts";
import type { Batch } from "../../data/loader.ts";
import { RecipeError } from "../../errors.ts";
import { countTokens, type TokenBaselines, tokenBaselines } from "../../evaluate/mod.ts";
import { input, type Tensor } from "../../graph.ts";
import { beit, beitParams } from "../../models/beit.ts";
import { aggregatedLogits, maskedLogits, maskedPixels } from "../../models/beit_heads.ts";
import { type Tokenizer, tokenizer as tokenizerOf } from "../../models/tokenizer.ts";
import { parameters } from "../../nn/parameters.ts";
import { parameterGroups } from "../../optim/parameter_groups.ts";
import { cosineSchedule } from "../../optim/schedules.ts";
import { compile, type Program } from "../../program.ts";
import { classCount, countOf, type Pictures, trainingBatches } from "../data.ts";
import { encoderConfig } from "../recipe/encoder.ts";
import { maskedPatches } from "../recipe/rules.ts";
import { trainingFacts } from "../recipe/training.ts";
import { recordEvaluation } from "../report/inputs.ts";
import type { Stage, StageContext, Task } from "../stage.ts";
import { Update } from "../update.ts";
import { cachedTokens } from "./cached_tokens.ts";
import { meansOver } from "./held_out.ts";
import { heldOutKnn } from "./held_out_knn.ts";
import { maskedInputs, maskFields, replacesPatches } from "./masks.ts";
import { pixelLoss, showPixels } from "./pixel_target.ts";
import { showPredictions } from "./show_predictions.ts";
import { heldOutViews, trainingViews } from "./views.ts";
import { startFrom, tokenizerFrom } from "./weights.ts";

export const pretrain: Stage = {
  name: "pretrain",

  jobs: () => [{ id: "pretrain", stage: "pretrain", seed: 0 }],

  facts: ({ pretrain }, data) => trainingFacts(pretrain, countOf(data.train)),

  async build(context): Promise<Task<BatchData>> {
    const { device, recipe, data, run, workers, note } = context, { pretrain: settings, encoder } = recipe;
    const target = settings.target === "tokens" ? await tokens(context) : undefined;
    const config = encoderConfig(encoder, target ? { vocab: target.model.vocab } : { targets: "pixels" });
    const facts = trainingFacts(settings, countOf(data.train)), B = facts.microBatch, size = encoder.imageSize;
    const N = (size / encoder.patchSize) ** 2, M = maskedPatches(recipe);
    const table = settings.from === "scratch" ? beitParams(config) : await startFrom(settings.from, "pretrain", config, context);
    const p = parameters(table, { seed: recipe.seed });
    const groups = parameterGroups(Object.fromEntries(Object.entries(table).map(([name, { shape }]) => [name, shape])), {
      depth: config.depth,
    });

    const pictures = imageTensor(input("pictures", [B, size, size, 3], "u8"), recipe.data.mean, recipe.data.std);
    const mask = input("mask", [B, N]), rows = input("rows", [B * M], "u32"), weights = input("weights", [B * M]);
    const source = replacesPatches(recipe) ? input("source", [B, N], "u32") : undefined;
    const encode = (p: Params, random?: Random) => beit(p, pictures, config, { mask, source, random });
    const ids = target?.ids(B), found = ids && pick(ids, rows);
    const cache = target && settings.fixedCrops ? await cachedTokens(context, target.weights, target.size) : undefined;
    const judge = (p: Params, labels = found, random?: Random): Judged => {
      const encoded = encode(p, random), { blocks } = encoded;
      if (!labels) {
        const { loss, flat } = pixelLoss(maskedPixels(p, encoded, rows, config), pictures, encoder.patchSize, rows, weights);
        return { blocks, objective: loss, values: { loss }, beside: { flatLoss: flat } };
      }
      const judged = crossEntropyAndAccuracy(maskedLogits(p, encoded, rows, config), labels, { weights });
      if (!config.aggregation) return { blocks, objective: judged.loss, values: judged };
      const second = crossEntropyAndAccuracy(aggregatedLogits(p, encoded, rows, config), labels, { weights });
      // Only the first loss can be compared with chance; the sum is what is minimised.
      const values = { ...judged, aggregatedLoss: second.loss, aggregatedAccuracy: second.accuracy };
      return { blocks, objective: add(judged.loss, second.loss), values };
    };
    const { blocks, objective, values } = judge(p, cache ? input("labels", [B * M], "u32") : found, randomSource());
    const recompute = settings.recompute ? blocks : undefined;
    const update = await Update.compile(device, { params: p, table: groups, loss: objective, values, recompute }, settings);
    const judged = judge(update.weights), measures = { ...judged.values, ...judged.beside };
    const measuring = await compile(device, { ...measures, ...ids && { ids } }, { share: update.program });
    const reading = ids && await compile(device, { ids }, { share: update.program });

    const views: View[] = [{ size, filter: "bicubic" }, ...target ? [{ size: target.size, filter: "lanczos" } as const] : []];
    const fields = maskFields(recipe);
    // What is in the cache need not be computed from a second view.
    const learned = cache ? heldOutViews(views.slice(0, 1)) : trainingViews(recipe, settings, views);
    const rate = cosineSchedule({ base: facts.lr, final: settings.minLr, steps: facts.steps, warmup: facts.warmup });
    const labelled = classCount(data) > 0, { measureKnn } = settings;
    if (measureKnn && !labelled) note(`pretrain: ${data.train.set.name} has no labels, so that no kNN is measured`);
    const knn = async () => measureKnn && labelled ? await heldOutKnn(context, update.weights, config, update.program) : {};
    let baselines: TokenBaselines | undefined;
    return {
      model: { kind: "beit", config },
      metadata: { beit: JSON.stringify(config), ...target && { tokenizerFingerprint: target.fingerprint } },
      learning: {
        training: settings,
        facts,
        update,
        batches: (state) =>
          trainingBatches(data.train, {
            preparation: learned,
            onError: recipe.data.onError,
            workers,
            fields: cache ? { ...fields, tokens: cache.field } : fields,
            batchSize: B,
            state,
          }),
        inputs: (batch) => maskedInputs(batch, N, M),
        schedule: (step) => ({ lr: rate(step) }),
      },
      async measure() {
        const held = new Float64Array(target?.model.vocab ?? 0);
        const count = async (program: Program, { weights }: Batch, counts: Float64Array) => {
          const tokens = await program.read("ids");
          weights.forEach((weight, b) => weight > 0 && countTokens(tokens.subarray(b * N, (b + 1) * N), counts.length, counts));
        };
        const over = (pictures: Pictures) => ({ context, pictures, preparation: heldOutViews(views), batchSize: B, fields });
        let first: Batch | undefined;
        const means = await meansOver(measuring, {
          ...over(data.heldOut),
          inputs: (batch) => maskedInputs(batch, N, M),
          names: Object.keys(measures),
          async each(batch) {
            first ??= batch;
            if (target) await count(measuring, batch, held);
          },
        });
        if (target && first) {
          const logits = maskedLogits(update.weights, encode(update.weights), rows, config);
          const of = { device, run, logits, ids: ids!, share: update.program, tokenizer: target.weights, size, tokenSize: target.size };
          await showPredictions(first, maskedInputs(first, N, M), of);
        }
        if (!target) {
          const predicted = maskedPixels(update.weights, encode(update.weights), rows, config);
          const of = { device, run, predicted, share: update.program, size, patch: encoder.patchSize };
          if (first) await showPixels(first, maskedInputs(first, N, M), of);
          return { values: { ...means, ...await knn() }, score: -means.loss };
        }
        if (!baselines) {
          const seen = new Float64Array(target.model.vocab), some = { ...data.train, only: someOf(data.train, countOf(data.heldOut)) };
          await meansOver(reading!, {
            ...over(some),
            inputs: ({ views }) => ({ "tokenizer pictures": views[1].pixels }),
            names: [],
            each: (batch) => count(reading!, batch, seen),
          });
          baselines = tokenBaselines(seen, held);
          recordEvaluation(run.path, { tokens: baselines });
        }
        const { chance, unigram } = baselines;
        const beside = { chanceLoss: chance.loss, chance: chance.accuracy, unigramLoss: unigram.loss, unigram: unigram.accuracy };
        return { values: { ...means, ...beside, ...await knn() }, score: means.accuracy };
      },
      destroy() {
        cache?.close();
        reading?.destroy();
        measuring.destroy();
        update.destroy();
        return Promise.resolve();
      },
    };
  },
};

type Params = Readonly<Record<string, Tensor>>;

interface Judged {
  /** What backward may compute again from. */
  blocks: Tensor[];
  /** What is minimised. */
  objective: Tensor;
  /** What is logged of it. */
  values: Record<string, Tensor>;
  /** What it is compared with on held-out pictures. */
  beside?: Record<string, Tensor>;
}

interface Target {
  model: Tokenizer;
  fingerprint: string;
  weights: Pick<TokenizerWeights, "config" | "weights" | "fingerprint">;
  /** Pixels a side of the tokenizer's view. */
  size: number;
  /** Tokens (B, N) of the input "tokenizer pictures". */
  ids(B: number): Tensor;
}

/** The tokenizer's half that encodes. @throws CheckpointError, RecipeError where it does not give a token for each patch. */
async function tokens(context: StageContext): Promise<Target> {
  const { recipe: { encoder } } = context, { config, weights, fingerprint } = await tokenizerFrom(context);
  const model = tokenizerOf(config), size = encoder.imageSize / encoder.patchSize * model.scale;
  const encoding = Object.fromEntries(Object.entries(model.params).filter(([name]) => !name.startsWith("decoder.")));
  const p = parameters(withWeights(encoding, weights), { name: "tokenizer" });
  return {
    model,
    fingerprint,
    weights: { config, weights, fingerprint },
    size,
    ids: (B) => model.ids(p, imageTensor(input("tokenizer pictures", [B, size, size, 3], "u8"))),
  };
}

/** The first numbers of a set. */
function someOf({ set, only }: Pictures, count: number): Uint32Array {
  const all = only ?? Uint32Array.from({ length: set.length }, (_, i) => i);
  if (!all.length) throw new RecipeError(`${set.name}: has no pictures; give some`);
  return all.slice(0, count);
}
