// deno task export RUN_OR_CHECKPOINT --out FILE.onnx: the encoder for other runtimes.

import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { openBeit } from "../checkpoint/beit/mod.ts";
import { openSafetensors } from "../checkpoint/mod.ts";
import { beitOnnx, type OnnxEmbedding, type OnnxOutput, type OnnxWhitening, writeOnnx } from "../checkpoint/onnx/mod.ts";
import { CheckpointError, RecipeError, ZelligeError } from "../errors.ts";
import type { BeitConfig } from "../models/beit_config.ts";
import { Run } from "../train/run.ts";
import { factsFile, readCheckpointFacts } from "../train/run/checkpoint.ts";

const pools = ["class-token", "mean", "both", "dense"] as const;

const usage = `Usage: deno task export RUN_OR_CHECKPOINT --out FILE.onnx [--task embedding|classifier] [--block N] [--pool POOL]
                        [--whitening FILE] [--heads N]

Writes the encoder as an ONNX file (operator set 17, standard operators, float32), for any number of pictures at once.
Input "pixel_values" (batch, 3, H, W): RGB, (pixel / 255 - mean) / std. Output "logits", or "embedding". The file's
metadata hold the model's configuration, how pictures are prepared, and the names of the classes.

  RUN_OR_CHECKPOINT   a run's folder (its newest encoder), a folder as Hugging Face has it, or a file: .safetensors, .pth
  --out               where to write
  --task              classifier where the model has a head for it, embedding if it has none
  --block             of an embedding: after which block, from 0 (before the first); about three quarters of them
  --pool              of an embedding: ${pools.join(", ")}; mean if absent
  --whitening         of an embedding: safetensors with mean (C) and matrix (K, C); vectors then have K values and length 1
  --heads             where neither the file nor its shapes tell: a model without relative positions in a .pth

Exit code: 0 written, 1 the model cannot be read or written, 2 wrong arguments.`;

const options = {
  out: { type: "string" },
  task: { type: "string" },
  block: { type: "string" },
  pool: { type: "string" },
  whitening: { type: "string" },
  heads: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

interface Wanted {
  source: string;
  out: string;
  task?: "embedding" | "classifier";
  block?: number;
  pool?: OnnxEmbedding["pool"];
  whitening?: string;
  heads?: number;
}

/** The command; gives its exit code. */
export async function main(args: string[]): Promise<number> {
  let wanted: Wanted | null;
  try {
    wanted = read(args);
  } catch (error) {
    console.error(`export: ${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  if (!wanted) return console.log(usage), 0;
  try {
    console.log(await exported(wanted));
    return 0;
  } catch (error) {
    if (!(error instanceof ZelligeError)) throw error;
    console.error(`export: ${error.message}`);
    return 1;
  }
}

/** The arguments; null where help is asked for. Throws what is wrong with them. */
function read(args: string[]): Wanted | null {
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  if (values.help) return null;
  if (positionals.length !== 1) throw new RecipeError(`${positionals.length} models are given, one is wanted`);
  if (!values.out) throw new RecipeError("--out is missing; give the file to write");
  const { task, block, pool, whitening, heads } = values;
  if (task === "classifier" && (block ?? pool ?? whitening) !== undefined) {
    throw new RecipeError("--block, --pool and --whitening are of an embedding; leave them out or give --task embedding");
  }
  return {
    source: positionals[0],
    out: values.out,
    task: among("task", task, ["embedding", "classifier"]),
    block: whole("block", block),
    pool: among("pool", pool, pools),
    whitening,
    heads: whole("heads", heads),
  };
}

/** Writes the file, and says what is in it. */
async function exported(wanted: Wanted): Promise<string> {
  const { source, out, heads } = wanted, weights = weightsOf(source);
  await using opened = await openBeit(weights, { known: heads === undefined ? {} : { heads } });
  const { config, tensors, file, preprocessing } = opened;
  const facts = existsSync(join(weights, factsFile)) ? readCheckpointFacts(weights) : undefined;
  const labels = facts?.model.classes ?? opened.labels, output = await outputOf(config, wanted);
  await writeOnnx(out, beitOnnx(config, tensors, { output, labels, preprocessing, file }));
  const what = output.task === "classifier"
    ? `logits of ${config.classes} classes`
    : `${output.pool} of block ${output.block} of ${config.depth}`;
  return `${out}: ${what}${wanted.whitening ? ", whitened" : ""}, ${(statSync(out).size / 2 ** 20).toFixed(1)} MiB, from ${file}`;
}

/** A run's newest checkpoint of an encoder; anything else is the model itself. */
function weightsOf(source: string): string {
  if (!existsSync(join(source, "recipe.json"))) return source;
  const found = Run.open(source).checkpoints().filter(({ model }) => model.kind === "beit").at(-1);
  if (!found) throw new CheckpointError(`${source}: the run has no checkpoint of an encoder yet; train it, or give a checkpoint`);
  return found.path;
}

async function outputOf(config: BeitConfig, { task, block, pool = "mean", whitening }: Wanted): Promise<OnnxOutput> {
  const classifies = task ? task === "classifier" : config.classes !== undefined && block === undefined && whitening === undefined;
  if (classifies) return { task: "classifier" };
  const at = block ?? Math.round(0.75 * config.depth);
  return { task: "embedding", block: at, pool, whitening: whitening === undefined ? undefined : await whiteningOf(whitening) };
}

async function whiteningOf(path: string): Promise<OnnxWhitening> {
  await using opened = await openSafetensors(path);
  return { mean: await opened.readFloat32("mean"), matrix: await opened.readFloat32("matrix") };
}

function among<T extends string>(name: string, value: string | undefined, allowed: readonly T[]): T | undefined {
  if (value === undefined || (allowed as readonly string[]).includes(value)) return value as T | undefined;
  throw new RecipeError(`--${name} is ${value}; give one of ${allowed.join(", ")}`);
}

function whole(name: string, value: string | undefined): number | undefined {
  if (value === undefined || /^\d+$/.test(value)) return value === undefined ? undefined : Number(value);
  throw new RecipeError(`--${name} is ${value}; give a whole number from 0`);
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
