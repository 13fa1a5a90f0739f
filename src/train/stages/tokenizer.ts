// The tokenizer: a discrete VAE that learns to draw pictures from few tokens.

import { abs, imageTensor, mean, randomSource, square, subtract } from "../../../kernels/mod.ts";
import type { BatchData } from "../../data/batch.ts";
import type { Batch } from "../../data/loader.ts";
import { bitsPerPixel, codebookStatistics, countTokens, psnr, whatToDo } from "../../evaluate/mod.ts";
import { input, type Tensor } from "../../graph.ts";
import { tokenizer as tokenizerOf } from "../../models/tokenizer.ts";
import { parameters } from "../../nn/parameters.ts";
import { cosineSchedule } from "../../optim/schedules.ts";
import { compile } from "../../program.ts";
import { countOf, trainingBatches } from "../data.ts";
import type { Recipe } from "../recipe.ts";
import { trainingFacts } from "../recipe/training.ts";
import { recordEvaluation } from "../report/inputs.ts";
import type { Stage, Task } from "../stage.ts";
import { tokenizerObjective, tokenizerSchedule } from "../tokenizer_objective.ts";
import { Update } from "../update.ts";
import { meansOver } from "./held_out.ts";
import { showTokenizer } from "./show_tokenizer.ts";
import { heldOutView, trainingViews } from "./views.ts";

/** Pixels a side of the pictures that a tokenizer is trained on: so many that there is one token for each patch of the encoder. */
export function tokenizerImageSize({ tokenizer, encoder }: Pick<Recipe, "tokenizer" | "encoder">): number {
  return tokenizer.imageSize ?? encoder.imageSize / encoder.patchSize * tokenizerOf(tokenizer.model).scale;
}

export const tokenizer: Stage = {
  name: "tokenizer",

  jobs: ({ tokenizer: { from }, pretrain: { target } }) =>
    from === "run" && target === "tokens" ? [{ id: "tokenizer", stage: "tokenizer", seed: 0 }] : [],

  facts: ({ tokenizer }, data) => trainingFacts(tokenizer, countOf(data.train)),

  async build(context): Promise<Task<BatchData>> {
    const { device, recipe, data, run, workers, note } = context, { tokenizer: settings } = recipe;
    const model = tokenizerOf(settings.model), size = tokenizerImageSize(recipe), [h, w] = model.grid(size);
    const facts = trainingFacts(settings, countOf(data.train)), B = facts.microBatch;
    const p = parameters(model.params, { seed: recipe.seed });

    const pictures = imageTensor(input("pictures", [B, size, size, 3], "u8"));
    const objective = tokenizerObjective(model, p, pictures, randomSource(), {
      relaxation: settings.relaxation,
      usage: settings.usage > 0,
    });
    const update = await Update.compile(device, { params: p, ...objective }, settings);

    const used: Record<string, Tensor> = update.weights, ids = model.ids(used, pictures);
    const errors = subtract(model.decodeIds(used, ids, [h, w]), pictures), each = (t: Tensor) => mean(t, [1, 2, 3]);
    const measuring = await compile(device, { l1: each(abs(errors)), l2: each(square(errors)), ids }, { share: update.program });

    const rate = cosineSchedule({ base: facts.lr, final: settings.minLr, steps: facts.steps, warmup: facts.warmup });
    const at = tokenizerSchedule({
      ...settings,
      steps: facts.steps,
      temperatureSteps: settings.temperatureSteps ?? undefined,
      klSteps: settings.klSteps ?? undefined,
    });
    return {
      model: { kind: "tokenizer", config: settings.model },
      metadata: { tokenizer: JSON.stringify(settings.model) },
      learning: {
        training: settings,
        facts,
        update,
        batches: (state) =>
          trainingBatches(data.train, {
            preparation: trainingViews(recipe, settings, [{ size, filter: "lanczos" }]),
            onError: recipe.data.onError,
            workers,
            batchSize: B,
            state,
          }),
        inputs: ({ views }, { step }) => ({ pictures: views[0].pixels, ...objective.inputs(at(step)) }),
        schedule: (step) => ({ lr: rate(step), ...at(step) }),
      },
      async measure() {
        const counts = new Float64Array(model.vocab), places = h * w;
        let first: Batch | undefined;
        const { l1, l2 } = await meansOver(measuring, {
          context,
          pictures: data.heldOut,
          preparation: heldOutView(size, "lanczos"),
          batchSize: B,
          inputs: ({ views }) => ({ pictures: views[0].pixels }),
          names: ["l1", "l2"],
          async each(batch) {
            first ??= batch;
            const { weights } = batch, tokens = await measuring.read("ids");
            weights.forEach((weight, b) => weight > 0 && countTokens(tokens.subarray(b * places, (b + 1) * places), model.vocab, counts));
          },
        });
        if (first) await showTokenizer(first, { device, run, model, weights: used, share: update.program, size, counts });
        const statistics = codebookStatistics(counts), { words, share, perplexity, unigramEntropy, collapsed } = statistics;
        if (collapsed) note(`tokenizer: ${words} ${whatToDo}`);
        const rates = { unigramEntropy, bitsPerPixel: bitsPerPixel(statistics, model.scale) };
        const values = { l1, l2, psnr: psnr(l2), usage: share, perplexity, ...rates };
        recordEvaluation(run.path, { codebook: { counts: [...counts], metrics: values } });
        return { values, score: values.psnr };
      },
      destroy() {
        measuring.destroy();
        update.destroy();
        return Promise.resolve();
      },
    };
  },
};
