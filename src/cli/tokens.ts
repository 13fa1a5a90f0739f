// deno task tokens DATA --tokenizer RUN --out FILE: the visual tokens of every picture, once, for pre-training on fixed crops.

import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import process from "node:process";
import { openDataSet } from "../data/datasets/mod.ts";
import { openDevice, type OpenOptions } from "../devices/mod.ts";
import { RecipeError } from "../errors.ts";
import { tokenizer as tokenizerOf } from "../models/tokenizer.ts";
import { isPictureRecipe } from "../train/modality.ts";
import { dataAt } from "../train/recipe/load.ts";
import { Run } from "../train/run.ts";
import { cacheSet } from "../train/stages/cached_tokens.ts";
import { tokenizerAt } from "../train/stages/weights.ts";
import { readFlags, runCommand, wholeNumber } from "./command.ts";

const usage = `Usage: deno task tokens DATA --tokenizer RUN --out FILE [options]

Writes the visual tokens of the middle of every picture. Pre-training takes them with --pretrain.fixedCrops true --pretrain.tokens FILE and
refuses them where the tokenizer or the pictures are others.

  DATA         a folder of pictures, of IDX or CIFAR files; .tar; .parquet: as for deno task train
  --tokenizer  a run's folder, a checkpoint of a tokenizer, or DALL-E's encoder.pkl
  --out        the file to write
  --size       pixels a side of the tokenizer's view; of a run, what its recipe pre-trains with
  --batch      pictures at once; 16 without it
  --skip       a picture that cannot be read is black, instead of ending the work
  --workers    threads that read and decode pictures; 0 does it on the main thread
  --device     auto, webgpu, native, dawn or cpu

Exit code: 0 done, 1 failed, 2 wrong arguments, 130 interrupted.`;

const flags = {
  tokenizer: { type: "string" },
  out: { type: "string" },
  size: { type: "string" },
  batch: { type: "string", default: "16" },
  skip: { type: "boolean" },
  workers: { type: "string", default: String(Math.min(4, availableParallelism())) },
  device: { type: "string", default: "auto" },
  help: { type: "boolean", short: "h" },
} as const;

/** The command; gives its exit code. */
export function main(args: string[]): Promise<number> {
  return runCommand("tokens", async ({ signal, progress, finish }) => {
    const { values, positionals } = readFlags(args, flags, usage);
    if (values.help) return console.log(usage), 0;
    const { from, out, path, batchSize, workers } = checked(values, positionals);
    const weights = await tokenizerAt(from), size = wholeNumber("size", values.size, 1) ?? sizeOf(from, tokenizerOf(weights.config).scale);
    const { train: source } = dataAt(path), set = await openDataSet(source);
    const device = await openDevice({ device: values.device as OpenOptions["device"], log: console.error });
    try {
      const header = await cacheSet(device, weights, { source, set }, {
        path: out,
        size,
        batchSize,
        workers,
        onError: values.skip ? "skip" : "fail",
        signal,
        progress: (done) => progress("pictures", set.length, done),
      });
      finish();
      console.log(`${out}: ${header.pictures} pictures of ${header.grid.join(" x ")} tokens, ${header.vocab} codes`);
      return 0;
    } finally {
      await device.destroy();
    }
  });
}

function checked({ tokenizer: from, out, ...values }: ReturnType<typeof readFlags<typeof flags>>["values"], positionals: string[]) {
  if (positionals.length !== 1) throw new RecipeError(`${positionals.length} data sets are given, one is wanted\n\n${usage}`);
  if (!from) throw new RecipeError(`--tokenizer is missing; give a run's folder, a checkpoint or DALL-E's encoder.pkl\n\n${usage}`);
  if (!out) throw new RecipeError(`--out is missing; name the file to write\n\n${usage}`);
  const path = positionals[0].replace(/(?<=.)[/\\]+$/, "");
  return { from, out, path, batchSize: wholeNumber("batch", values.batch, 1)!, workers: wholeNumber("workers", values.workers, 0)! };
}

/** What a run's pre-training shows the tokenizer: as many tokens as its encoder has patches. */
function sizeOf(from: string, scale: number): number {
  const recipe = existsSync(`${from}/recipe.json`) ? Run.open(from).recipe : undefined;
  if (!recipe || !isPictureRecipe(recipe)) throw new RecipeError(`--size is missing; ${from} does not say how large its pictures are`);
  return recipe.encoder.imageSize / recipe.encoder.patchSize * scale;
}

if (import.meta.main) process.exit(await main(process.argv.slice(2))); // a data worker that hangs must not keep the program alive
