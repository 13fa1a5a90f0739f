// deno task tokens DATA --tokenizer RUN --out FILE: the visual tokens of every picture, once, for pre-training on fixed crops.

import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import process from "node:process";
import { parseArgs } from "node:util";
import { openDataSet } from "../data/datasets/mod.ts";
import { openDevice, type OpenOptions } from "../devices/mod.ts";
import { RecipeError, ZelligeError } from "../errors.ts";
import { tokenizer as tokenizerOf } from "../models/tokenizer.ts";
import { isPictureRecipe } from "../train/modality.ts";
import { dataAt } from "../train/recipe/load.ts";
import { Run } from "../train/run.ts";
import { cacheSet } from "../train/stages/cached_tokens.ts";
import { tokenizerAt } from "../train/stages/weights.ts";
import { type Progress, showProgress } from "./progress.ts";

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
export async function main(args: string[]): Promise<number> {
  const stop = new AbortController(), interrupt = () => stop.abort(new Error("interrupted"));
  let progress: Progress | undefined;
  try {
    const { values, positionals } = parsed(args);
    if (values.help) return console.log(usage), 0;
    const { from, out, path, batchSize, workers } = checked(values, positionals);
    const weights = await tokenizerAt(from), size = number("size", values.size, 1) ?? sizeOf(from, tokenizerOf(weights.config).scale);
    const { train: source } = dataAt(path), set = await openDataSet(source);
    process.once("SIGINT", interrupt);
    const device = await openDevice({ device: values.device as OpenOptions["device"], log: console.error });
    try {
      const header = await cacheSet(device, weights, { source, set }, {
        path: out,
        size,
        batchSize,
        workers,
        onError: values.skip ? "skip" : "fail",
        signal: stop.signal,
        progress: (done) => (progress ??= showProgress("pictures", set.length)).update(done),
      });
      progress?.finish();
      console.log(`${out}: ${header.pictures} pictures of ${header.grid.join(" x ")} tokens, ${header.vocab} codes`);
      return 0;
    } finally {
      await device.destroy();
    }
  } catch (error) {
    progress?.finish();
    if (stop.signal.aborted) return console.error("tokens: interrupted; no file was written"), 130;
    if (!(error instanceof ZelligeError)) throw error;
    console.error(`tokens: ${error.message}`);
    return error instanceof RecipeError ? 2 : 1;
  } finally {
    process.removeListener("SIGINT", interrupt);
  }
}

function parsed(args: string[]) {
  try {
    return parseArgs({ args, options: flags, allowPositionals: true });
  } catch (error) {
    throw new RecipeError(`${(error as Error).message}\n\n${usage}`);
  }
}

function checked({ tokenizer: from, out, ...values }: ReturnType<typeof parsed>["values"], positionals: string[]) {
  if (positionals.length !== 1) throw new RecipeError(`${positionals.length} data sets are given, one is wanted\n\n${usage}`);
  if (!from) throw new RecipeError(`--tokenizer is missing; give a run's folder, a checkpoint or DALL-E's encoder.pkl\n\n${usage}`);
  if (!out) throw new RecipeError(`--out is missing; name the file to write\n\n${usage}`);
  const path = positionals[0].replace(/(?<=.)[/\\]+$/, "");
  return { from, out, path, batchSize: number("batch", values.batch, 1)!, workers: number("workers", values.workers, 0)! };
}

function number(name: string, value: string | undefined, least: number): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d+$/.test(value) || Number(value) < least) throw new RecipeError(`--${name} is ${value}; give a whole number from ${least}`);
  return Number(value);
}

/** What a run's pre-training shows the tokenizer: as many tokens as its encoder has patches. */
function sizeOf(from: string, scale: number): number {
  const recipe = existsSync(`${from}/recipe.json`) ? Run.open(from).recipe : undefined;
  if (!recipe || !isPictureRecipe(recipe)) throw new RecipeError(`--size is missing; ${from} does not say how large its pictures are`);
  return recipe.encoder.imageSize / recipe.encoder.patchSize * scale;
}

if (import.meta.main) process.exit(await main(process.argv.slice(2))); // a data worker that hangs must not keep the program alive
