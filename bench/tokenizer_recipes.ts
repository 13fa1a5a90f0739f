// deno run -A bench/tokenizer_recipes.ts [NAME…] [--data mosaics | cifar:DIR | folder:DIR] [--steps 400] [--device cpu] [--threads 2]
// What keeps the codes of a small tokenizer in use: the same training under other weights and temperatures, and what is left on held-out
// pictures. The table of bench/RESULTS.md was made with it.

import process from "node:process";
import { parseArgs } from "node:util";
import { imageTensor, l1Loss, l2Loss, randomSource } from "../kernels/mod.ts";
import { makeBatch } from "../src/data/batch.ts";
import { type DataSource, openDataSet } from "../src/data/datasets/mod.ts";
import { draws } from "../src/data/random.ts";
import { CpuDevice } from "../src/devices/cpu.ts";
import { type Device, type DeviceKind, openDevice } from "../src/devices/mod.ts";
import { codebookStatistics, countTokens, psnr } from "../src/evaluate/mod.ts";
import { gradients } from "../src/gradients.ts";
import { input } from "../src/graph.ts";
import { tokenizer, tokenizerConfig, type TokenizerOptions } from "../src/models/tokenizer.ts";
import { parameters } from "../src/nn/parameters.ts";
import { adamw } from "../src/optim/adamw.ts";
import { cosineSchedule } from "../src/optim/schedules.ts";
import { compile } from "../src/program.ts";
import { tokenizerObjective, tokenizerSchedule, type TokenizerScheduleOptions } from "../src/train/tokenizer_objective.ts";

const SIZE = 32, B = 16, VALUES = SIZE * SIZE * 3;
const small: TokenizerOptions = { form: "customized", vocab: 256, hidden: 64, codebookDim: 32, layers: 2, residual: false };
const dalle: TokenizerOptions = { form: "dalle", vocab: 256, hidden: 32, initial: 32, groups: 3, blocks: 1 };

interface Recipe extends Omit<TokenizerScheduleOptions, "steps"> {
  model: TokenizerOptions;
  lr: number;
  hard?: boolean;
}
const base: Recipe = { model: small, lr: 5e-3, temperature: [1, 0.5], kl: 0, usage: 0 };

const recipes: Record<string, Recipe> = {
  "nothing": base,
  "kl 6.6": { ...base, kl: 6.6, temperature: [1, 1 / 16] }, // as in the DALL-E paper
  "kl 1": { ...base, kl: 1 },
  "usage 0.5": { ...base, usage: 0.5 },
  "usage 1": { ...base, usage: 1 },
  "usage 0.5, temperature to 1/8": { ...base, usage: 0.5, temperature: [1, 1 / 8] },
  "usage 0.5, temperature from 0.5": { ...base, usage: 0.5, temperature: [0.5, 0.25] },
  "usage 0.5, one-hot": { ...base, usage: 0.5, hard: true },
  "dalle, nothing": { ...base, model: dalle, lr: 3e-3 },
  "dalle, usage 1": { ...base, model: dalle, lr: 3e-3, usage: 1 },
};

const { values: options, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: "string", default: "mosaics" },
    steps: { type: "string", default: "400" },
    device: { type: "string", default: "cpu" },
    threads: { type: "string" },
  },
});

interface Pictures {
  count: number;
  pixels: Uint8Array;
}

/** Whole pictures at SIZE, in memory: so small they are no matter. */
async function load(source: DataSource, from: number, to: number): Promise<Pictures> {
  const set = await openDataSet(source), indices = Int32Array.from({ length: Math.min(set.length, to) - from }, (_, i) => from + i);
  const next = { seed: 0, epoch: 1, position: 0 };
  const recipe = { preparation: { kind: "evaluate", size: SIZE, share: 1 }, onError: "fail" } as const;
  const { views: [{ pixels }] } = await makeBatch(set, recipe, { seed: 0, epoch: 0, indices, next });
  return { count: indices.length, pixels };
}

async function openPictures(data: string): Promise<[train: Pictures, heldOut: Pictures]> {
  const [kind, path] = [data.split(":")[0], data.slice(data.indexOf(":") + 1)];
  if (kind === "folder") return [await load({ kind, path }, 50, Infinity), await load({ kind, path }, 0, 50)];
  const source = (split: "train" | "test"): DataSource => kind === "cifar" ? { kind, path, split } : { kind: "mosaics", size: SIZE, split };
  return [await load(source("train"), 0, 4000), await load(source("test"), 0, 256)];
}

async function run(device: Device, name: string, recipe: Recipe, train: Pictures, heldOut: Pictures, steps: number): Promise<void> {
  const model = tokenizer(tokenizerConfig(recipe.model)), p = parameters(model.params, { seed: 1 });
  const pictures = imageTensor(input("pictures", [B, SIZE, SIZE, 3], "u8"));
  const objective = tokenizerObjective(model, p, pictures, randomSource(), {
    relaxation: recipe.hard ? "straight-through" : "gumbel",
    usage: recipe.usage! > 0,
  });
  const optimizer = adamw(p, gradients(objective.loss, Object.values(p)), { table: model.params, clip: 1, betas: [0.9, 0.99] });
  const step = await compile(device, { loss: objective.loss }, { updates: optimizer.updates });
  const ids = model.ids(p, pictures), decoded = model.decodeIds(p, ids, model.grid(SIZE));
  const measuring = await compile(device, { ids, l1: l1Loss(decoded, pictures), l2: l2Loss(decoded, pictures) }, { share: step });
  const at = tokenizerSchedule({ ...recipe, steps }), rate = cosineSchedule({ base: recipe.lr, final: recipe.lr / 50, steps, warmup: 20 });

  const measured = async (done: number) => {
    const counts = new Float64Array(model.vocab), sums = { l1: 0, l2: 0 }, batches = Math.floor(heldOut.count / B);
    for (let b = 0; b < batches; b++) {
      measuring.write({ pictures: heldOut.pixels.subarray(b * B * VALUES, (b + 1) * B * VALUES) });
      measuring.run();
      countTokens(await measuring.read("ids"), model.vocab, counts);
      for (const key of ["l1", "l2"] as const) sums[key] += await measuring.readNumber(key) / batches;
    }
    const { share, perplexity } = codebookStatistics(counts);
    console.log(
      `${name.padEnd(32)} step ${String(done).padStart(5)}  PSNR ${psnr(sums.l2).toFixed(2)} dB  L1 ${sums.l1.toFixed(4)}  used ${
        (100 * share).toFixed(1).padStart(5)
      } %  perplexity ${perplexity.toFixed(0).padStart(4)}  ${cpuSeconds().toFixed(0)} s of CPU`,
    );
  };
  const begun = process.cpuUsage();
  const cpuSeconds = () => {
    const { user, system } = process.cpuUsage(begun);
    return (user + system) / 1e6;
  };
  for (let i = 0; i < steps; i++) {
    const random = draws({ seed: 0, epoch: 0, index: i }, "tokenizer recipes"), batch = new Uint8Array(B * VALUES);
    for (let b = 0; b < B; b++) {
      const n = random.integer(0, train.count - 1);
      batch.set(train.pixels.subarray(n * VALUES, (n + 1) * VALUES), b * VALUES);
    }
    step.write({
      pictures: batch,
      random: [0, i],
      ...objective.inputs(at(i)),
      ...optimizer.values({ step: i, lr: rate(i), weightDecay: 1e-4 }),
    });
    step.run();
    if ((i + 1) % Math.ceil(steps / 4) === 0) await measured(i + 1);
  }
  step.destroy();
  measuring.destroy();
}

const unknown = names.find((name) => !recipes[name]);
if (unknown) {
  console.error(`tokenizer_recipes: there is no ${unknown}; give some of ${Object.keys(recipes).join("; ")}`);
  process.exit(2);
}
const device = options.threads
  ? await CpuDevice.open({ threads: Number(options.threads) })
  : await openDevice({ device: options.device as DeviceKind, log: console.log });
const [train, heldOut] = await openPictures(options.data);
for (const name of names.length ? names : Object.keys(recipes)) {
  await run(device, name, recipes[name], train, heldOut, Number(options.steps));
}
await device.destroy();
