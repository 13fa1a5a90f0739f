// The tokenizer: a discrete VAE that learns to draw pictures from few tokens.

import { add, gumbelSoftmax, imageTensor, klUniform, l1Loss, l2Loss, mean, multiply, randomSource } from "../../../kernels/mod.ts";
import { countTokens } from "../../evaluate/mod.ts";
import { constant, input, type Tensor } from "../../graph.ts";
import { tokenizer as tokenizerOf } from "../../models/tokenizer.ts";
import { parameters } from "../../nn/parameters.ts";
import { cosineSchedule } from "../../optim/schedules.ts";
import { compile } from "../../program.ts";
import { batchesOf, countOf } from "../data.ts";
import type { Recipe } from "../recipe.ts";
import { trainingFacts } from "../recipe/training.ts";
import { recordEvaluation } from "../report/inputs.ts";
import type { Stage, Task } from "../stage.ts";
import { Update } from "../update.ts";
import { meansOver } from "./held_out.ts";
import { heldOutView, trainingViews } from "./views.ts";

/** Pixels a side of the pictures that a tokenizer is trained on: so many that there is one token for each patch of the encoder. */
export function tokenizerImageSize({ tokenizer, encoder }: Pick<Recipe, "tokenizer" | "encoder">): number {
  return tokenizer.imageSize ?? encoder.imageSize / encoder.patchSize * tokenizerOf(tokenizer.model).scale;
}

/** Below this share of codes in use on held-out pictures a codebook is called collapsed. */
const collapsed = 0.1;

export const tokenizer: Stage = {
  name: "tokenizer",

  jobs: ({ tokenizer: { from }, pretrain: { target } }) =>
    from === "run" && target === "tokens" ? [{ id: "tokenizer", stage: "tokenizer", seed: 0 }] : [],

  facts: ({ tokenizer }, data) => trainingFacts(tokenizer, countOf(data.train)),

  async build(context): Promise<Task> {
    const { device, recipe, data, run, workers, note } = context, { tokenizer: settings } = recipe;
    const model = tokenizerOf(settings.model), size = tokenizerImageSize(recipe), [h, w] = model.grid(size);
    const facts = trainingFacts(settings, countOf(data.train)), B = facts.microBatch;
    const p = parameters(model.params, { seed: recipe.seed });

    const pictures = imageTensor(input("pictures", [B, size, size, 3], "u8"));
    const temperature = input("temperature", [1]), kl = input("kl", [1]);
    const logits = model.logits(p, pictures);
    const codes = gumbelSoftmax(logits, temperature, randomSource(), { hard: settings.relaxation === "straight-through" });
    const reconstruction = model.reconstruction(p, codes, pictures).loss, divergence = mean(klUniform(logits, 1));
    // The sum over places against the sum over pixels, both divided by the number of values of a picture, as in DALL-E.
    const perValue = constant("places / values", [1], [h * w / (3 * size * size)]);
    const loss = add(reconstruction, multiply(multiply(divergence, kl), perValue));
    const update = await Update.compile(device, { params: p, loss, values: { reconstruction, divergence } }, settings);

    const used: Record<string, Tensor> = update.weights, ids = model.ids(used, pictures), drawn = model.decodeIds(used, ids, [h, w]);
    const measuring = await compile(device, { l1: l1Loss(drawn, pictures), l2: l2Loss(drawn, pictures), ids }, { share: update.program });

    const { steps } = facts, curve = (base: number, final: number, steps: number) => cosineSchedule({ base, final, steps });
    const rate = cosineSchedule({ base: facts.lr, final: settings.minLr, steps, warmup: facts.warmup });
    const cooling = curve(...settings.temperature, settings.temperatureSteps ?? steps);
    const rising = curve(0, settings.kl, settings.klSteps ?? Math.max(1, Math.round(steps / 10)));
    return {
      model: { kind: "tokenizer", config: settings.model },
      metadata: { tokenizer: JSON.stringify(settings.model) },
      learning: {
        training: settings,
        facts,
        update,
        batches: (state) =>
          batchesOf(data.train, {
            preparation: trainingViews(recipe, settings, [{ size, filter: "lanczos" }]),
            onError: recipe.data.onError,
            workers,
            batchSize: B,
            shuffle: true,
            last: "drop",
            epochs: Infinity,
            state,
          }),
        inputs: ({ views }) => ({ pictures: views[0].pixels }),
        schedule: (step) => ({ lr: rate(step), temperature: cooling(step), kl: rising(step) }),
      },
      async measure() {
        const counts = new Float64Array(model.vocab), places = h * w;
        const { l1, l2 } = await meansOver(measuring, {
          context,
          pictures: data.heldOut,
          preparation: heldOutView(size, "lanczos"),
          batchSize: B,
          inputs: ({ views }) => ({ pictures: views[0].pixels }),
          names: ["l1", "l2"],
          async each({ weights }) {
            const tokens = await measuring.read("ids");
            weights.forEach((weight, b) => weight > 0 && countTokens(tokens.subarray(b * places, (b + 1) * places), model.vocab, counts));
          },
        });
        const { usage, perplexity, entropy } = codeStatistics(counts);
        if (usage < collapsed) {
          note(
            `tokenizer: collapsed, only ${
              (100 * usage).toFixed(1)
            } % of its ${model.vocab} codes are in use; raise the temperature's end or the kl weight`,
          );
        }
        const values = {
          l1,
          l2,
          psnr: -10 * Math.log10(l2),
          usage,
          perplexity,
          entropy,
          bitsPerPixel: entropy / Math.LN2 * places / (size * size),
        };
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

/** Share of codes in use, and exp(entropy) of how they are: as many codes in even use would do as well. Entropy in nats. */
export function codeStatistics(counts: Float64Array): { usage: number; perplexity: number; entropy: number } {
  const total = counts.reduce((a, b) => a + b, 0);
  const entropy = counts.reduce((sum, n) => n > 0 ? sum - n / total * Math.log(n / total) : sum, 0);
  return { usage: counts.filter((n) => n > 0).length / counts.length, perplexity: Math.exp(entropy), entropy };
}
