// The training of a Gaussian VAE as the session runs it: one job for each objective.

import { add, exp, imageTensor, mean, multiply, randomSource } from "../../../kernels/mod.ts";
import { vaeMetadataKey } from "../../checkpoint/vae.ts";
import type { BatchData, Preparation } from "../../data/batch.ts";
import type { Batch } from "../../data/loader.ts";
import { constant, input, type Tensor } from "../../graph.ts";
import { vaeConfig, type VaeLoss, vaeLoss, vaeParams } from "../../models/vae.ts";
import { parameters } from "../../nn/parameters.ts";
import { cosineSchedule } from "../../optim/schedules.ts";
import { compile } from "../../program.ts";
import { countOf, trainingBatches, type TrainingData } from "../data.ts";
import { trainingFacts } from "../recipe/training.ts";
import { readEvaluation, recordEvaluation } from "../report/inputs.ts";
import type { Job, Stage, Task } from "../stage.ts";
import { meansOver } from "../stages/held_out.ts";
import { Update } from "../update.ts";
import { drawVae } from "./draw_vae.ts";
import { inChannels, meanPicture } from "./mean_picture.ts";
import { perPicture } from "./per_picture.ts";
import type { VaeRecipe } from "./recipe.ts";

const vae: Stage<VaeRecipe, TrainingData> = {
  name: "vae",

  jobs: ({ vae: { objectives } }) => objectives.map((objective): Job => ({ id: `vae-${objective}`, stage: "vae", seed: 0, objective })),

  facts: ({ vae }, data) => trainingFacts(vae, countOf(data.train)),

  async build(context, { objective = "elbo" }): Promise<Task<BatchData>> {
    const { device, recipe, data, run, workers } = context, { vae: settings } = recipe;
    const config = vaeConfig(recipe.model, "model"), table = vaeParams(config), p = parameters(table, { seed: recipe.seed });
    const facts = trainingFacts(settings, countOf(data.train)), B = facts.microBatch, size = recipe.model.imageSize;
    const pictures = inChannels(imageTensor(input("pictures", [B, size, size, 3], "u8")), config.channels);

    const made = vaeLoss(p, pictures, config, randomSource(), { objective });
    const values = { reconstruction: made.reconstruction, kl: made.kl, sigma: meanSigma(made) };
    const update = await Update.compile(device, { params: p, table, loss: learned(made, objective), values }, settings);

    const held = vaeLoss(update.weights, pictures, config, randomSource(), { objective });
    const judged = perPicture(held, pictures, config);
    const measuring = await compile(device, judged, { share: update.program });
    const rate = cosineSchedule({ base: facts.lr, final: settings.minLr, steps: facts.steps, warmup: facts.warmup });
    // Whole pictures: what a digit is does not survive a crop or a mirror.
    const preparation: Preparation = { kind: "evaluate", size, filter: "bicubic", share: 1 };
    return {
      model: { kind: "vae", config },
      metadata: { [vaeMetadataKey]: JSON.stringify(config) },
      learning: {
        training: settings,
        facts,
        update,
        batches: (state) =>
          trainingBatches(data.train, {
            preparation,
            onError: recipe.data.onError,
            workers,
            batchSize: B,
            state,
          }),
        inputs: ({ views }) => ({ pictures: views[0].pixels }),
        schedule: (step) => ({ lr: rate(step) }),
      },
      async measure() {
        const middle = meanPicture(config, size);
        let first: Batch | undefined, batches = 0;
        const { reconstruction, kl, sigma } = await meansOver(measuring, {
          context,
          pictures: data.heldOut,
          preparation,
          batchSize: B,
          inputs: ({ views }) => ({ pictures: views[0].pixels, random: [1, batches++] }), // the same draws at every measurement
          names: Object.keys(judged),
          each: (batch) => {
            first ??= batch;
            middle.add(batch);
            return Promise.resolve();
          },
        });
        const measured = { loss: reconstruction + kl, reconstruction, kl, sigma, onePicture: middle.cost() };
        if (first) await drawVae(first, { device, run, config, weights: update.weights, share: update.program, objective });
        const others = (readEvaluation(run.path).vae ?? []).filter((other) => other.objective !== objective);
        recordEvaluation(run.path, { vae: [...others, { objective, latents: config.latents, ...measured }] });
        return { values: measured, score: -(objective === "elbo" ? measured.loss : reconstruction) };
      },
      destroy() {
        measuring.destroy();
        update.destroy();
        return Promise.resolve();
      },
    };
  },
};

/** The stages of a Gaussian VAE's training. */
export const vaeStages: Record<string, Stage<VaeRecipe, TrainingData>> = { vae };

/** Mean standard deviation (1) of the posteriors. */
function meanSigma({ logvar }: Pick<VaeLoss, "logvar">): Tensor {
  return mean(exp(multiply(logvar, constant("half", [1], [0.5]))));
}

/** From the prior alone nothing leads back to the encoder: it takes part with weight 0, stays as it began and is kept with the decoder. */
function learned({ loss, kl }: VaeLoss, objective: Job["objective"]): Tensor {
  return objective === "prior" ? add(loss, multiply(kl, constant("no divergence", [1], [0]))) : loss;
}
