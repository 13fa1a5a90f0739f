// Pre-training and fine-tuning of a BERT as the session runs them.

import { batchLengths, openTextLoader, type TextBatch, type TextBatchRecipe } from "../../data/text/text_batch.ts";
import type { TextSet } from "../../data/text/text_set.ts";
import { bertMetadataKey, labelsMetadataKey } from "../../checkpoint/bert/mod.ts";
import { hfBertConfig } from "../../checkpoint/hf/mod.ts";
import { bertParams } from "../../models/bert.ts";
import type { BertConfig } from "../../models/bert_config.ts";
import type { ParamSpec } from "../../nn/parameters.ts";
import { parameters } from "../../nn/parameters.ts";
import { linearSchedule } from "../../optim/schedules.ts";
import { compile, type Program } from "../../program.ts";
import { type Training, trainingFacts } from "../recipe/training.ts";
import { type Job, type Stage, type StageContext, type Task, tuningJobs } from "../stage.ts";
import { weightsAt } from "../stages/weights.ts";
import { Update, type Values } from "../update.ts";
import { shareOf, type TextTrainingData } from "./data.ts";
import { maskedTextObjective, textClassObjective, type TextObjective, type TextShape } from "./objectives.ts";
import { maskOf, modelOf, type TextRecipe } from "./recipe.ts";
import { withLayerRates } from "./layer_rates.ts";
import { startBert } from "./weights.ts";

type Context = StageContext<TextRecipe, TextTrainingData>;
export type TextStage = Stage<TextRecipe, TextTrainingData, TextBatch>;

const pretrain: TextStage = {
  name: "pretrain",

  jobs: () => [{ id: "pretrain", stage: "pretrain", seed: 0 }],

  facts: ({ pretrain }, { train }) => trainingFacts(pretrain, train.set.length),

  async build(context, job) {
    const { recipe, data } = context, { wordPiece } = data, { from, boundary } = recipe.pretrain, mask = maskOf(recipe);
    const config = modelOf(recipe, { vocab: wordPiece.size, ...boundary && { boundary: { targets: 15, size: 200 } } });
    const table = bertParams(config);
    return await build(context, job, {
      config,
      table: from === "scratch" ? table : await startBert(weightsAt(from, "pretrain", context), table, wordPiece),
      training: recipe.pretrain,
      train: data.train.set,
      heldOut: data.heldOut.set,
      batches: { mask },
      objective: (shape) => maskedTextObjective(config, shape, mask),
      score: ({ loss }) => -loss,
    });
  },
};

const finetune: TextStage = {
  name: "finetune",

  jobs({ finetune: { arms, labels, seeds } }, { labelled }) {
    if (!labelled) return [];
    return tuningJobs({ arms, labels, seeds });
  },

  facts: ({ finetune, seed }, { labelled }, job) =>
    trainingFacts(finetune, shareOf(labelled!.train.set, job.labels!, seed + job.seed).length),

  async build(context, job) {
    const { recipe, data } = context, { wordPiece, labelled, classes } = data;
    const config = modelOf(recipe, { vocab: wordPiece.size, masked: false, classes: classes!.length }), table = bertParams(config);
    const { from, layerDecay } = recipe.finetune;
    const start = async () =>
      withLayerRates(await startBert(weightsAt(from, "pretrain", context), table, wordPiece), config.depth, layerDecay);
    return await build(context, job, {
      config,
      table: job.arm === "pretrained" ? await start() : table,
      training: recipe.finetune,
      train: shareOf(labelled!.train.set, job.labels!, recipe.seed + job.seed),
      heldOut: labelled!.heldOut.set,
      batches: {},
      objective: (shape) => textClassObjective(config, shape),
      measured: { chance: 1 / classes!.length },
      score: ({ accuracy }) => accuracy,
    });
  },
};

/** The stages of a training on texts. */
export const textStages: Record<string, TextStage> = { pretrain, finetune };

interface Parts {
  config: BertConfig;
  table: Record<string, ParamSpec>;
  training: Training & { recompute: boolean };
  train: TextSet;
  heldOut: TextSet;
  batches: TextBatchRecipe;
  objective(shape: TextShape): TextObjective;
  /** Beside what the held-out texts say. */
  measured?: Record<string, number>;
  score(means: Record<string, number>): number;
}

async function build({ device, recipe, data }: Context, job: Job, parts: Parts): Promise<Task<TextBatch>> {
  const { config, table, training, train, heldOut, score } = parts, facts = trainingFacts(training, train.length), B = facts.microBatch;
  const lengths = batchLengths(recipe.data.length), batches = { ...parts.batches, lengths };
  const objectives = new Map(lengths.map((length) => [length, parts.objective({ batchSize: B, length })]));
  const p = parameters(table, { seed: recipe.seed + job.seed }), objective = objectives.get(recipe.data.length)!;
  const learned = (length: number) => {
    const { losses, random } = objectives.get(length)!, { blocks, ...judged } = losses(p, random);
    return { ...judged, recompute: training.recompute ? blocks : undefined };
  };
  const lengthOf = ({ tokens }: Values) => (tokens as Uint32Array).length / B;
  const shapes = { of: lengthOf, largest: recipe.data.length, judged: learned };
  const update = await Update.compile(device, { params: p, table, ...learned(recipe.data.length), shapes }, training);
  const measuring = new Map<number, Program>();
  const rate = linearSchedule({ base: facts.lr, final: training.minLr, steps: facts.steps, warmup: facts.warmup });
  const labels = config.classes ? data.classes! : [];
  // Hugging Face's BERT has no mean of tokens.
  const hf: Record<string, string> = config.classes && config.pooling === "mean"
    ? {}
    : { "config.json": JSON.stringify(hfBertConfig({ config, labels }), null, 2) };
  const files = { ...data.wordPiece.files(), ...hf };
  return {
    model: { kind: "bert", config, classes: data.classes },
    metadata: { [bertMetadataKey]: JSON.stringify(config), [labelsMetadataKey]: JSON.stringify(labels) },
    learning: {
      training,
      facts,
      update,
      batches: (state) => openTextLoader(train, batches, { batchSize: B, shuffle: true, last: "drop", epochs: Infinity, state }),
      inputs: (batch) => objective.inputs(batch),
      schedule: (step) => ({ lr: rate(step) }),
    },
    async measure() {
      const loader = openTextLoader(heldOut, batches, {
        batchSize: B,
        shuffle: false,
        last: "pad",
        epochs: 1,
        state: { seed: recipe.seed, epoch: 0, position: 0 },
      });
      const means = await meansOver(loader, objective, async (values) => {
        const length = lengthOf(values);
        if (!measuring.has(length)) {
          const { loss, values } = objectives.get(length)!.losses(update.weights);
          measuring.set(length, await compile(device, { loss, ...values }, { share: update.program }));
        }
        return measuring.get(length)!;
      });
      return { values: { ...means, ...parts.measured }, score: score(means), files };
    },
    destroy() {
      for (const program of measuring.values()) program.destroy();
      update.destroy();
      return Promise.resolve();
    },
  };
}

/** The mean of each output over all held-out texts; `programFor` gives the program that takes a batch. */
async function meansOver(
  loader: AsyncIterable<TextBatch>,
  { inputs, count }: TextObjective,
  programFor: (values: Values) => Promise<Program>,
): Promise<Record<string, number>> {
  const sums = new Map<string, number>();
  let counted = 0;
  for await (const batch of loader) {
    const values = inputs(batch), program = await programFor(values), weight = count(batch);
    program.write(values);
    program.run();
    for (const name of Object.keys(program.outputs)) sums.set(name, (sums.get(name) ?? 0) + weight * await program.readNumber(name));
    counted += weight;
  }
  return Object.fromEntries([...sums].map(([name, sum]) => [name, sum / counted]));
}
