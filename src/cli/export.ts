// deno task export RUN_OR_CHECKPOINT --out FILE.onnx: the encoder for other runtimes.

import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { type BeitCheckpoint, openBeit } from "../checkpoint/beit/mod.ts";
import { embedderFile, readEmbedder } from "../checkpoint/embedder.ts";
import { fingerprint } from "../checkpoint/fingerprint.ts";
import { beitOnnx, type OnnxEmbedding, type OnnxOutput, writeOnnx } from "../checkpoint/onnx/mod.ts";
import { CheckpointError, RecipeError, ZelligeError } from "../errors.ts";
import type { Recipe } from "../train/recipe.ts";
import { factsFile, readCheckpointFacts } from "../train/run/checkpoint.ts";
import { Run } from "../train/run.ts";

const pools = ["class-token", "mean", "both", "dense"] as const;

const usage = `Usage: deno task export RUN_OR_CHECKPOINT --out FILE.onnx [--task embedding|classifier] [--block N] [--pool POOL]
                        [--embedder FILE] [--heads N]

Writes the encoder as an ONNX file (operator set 17, standard operators, float32), for any number of pictures at once.
Input "pixel_values" (batch, 3, H, W): RGB, (pixel / 255 - mean) / std. Output "logits", or "embedding". The file's
metadata hold the model's configuration, mean and std (0.5 where nothing says them), and the names of the classes.

  RUN_OR_CHECKPOINT   a run's folder, one of its checkpoints, a folder as Hugging Face has it, or a file: .safetensors, .pth
  --out               where to write
  --task              of a run: embedding takes the newest pre-trained encoder, classifier the newest fine-tuned one.
                      If absent: classifier where the newest model has a head for it and no embedding is described
  --block             of an embedding: after which block, from 0 (before the first); about three quarters of them
  --pool              of an embedding: ${pools.join(", ")}; mean if absent
  --embedder          of an embedding: block, pooling and whitening as they were fitted on this encoder; if absent,
                      ${embedderFile} in the model's or the run's folder, unless --block or --pool say otherwise
  --heads             where neither the file nor its shapes tell: a model without relative positions in a .pth

Exit code: 0 written, 1 the model cannot be read or written, 2 wrong arguments.`;

const options = {
  out: { type: "string" },
  task: { type: "string" },
  block: { type: "string" },
  pool: { type: "string" },
  embedder: { type: "string" },
  heads: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

interface Wanted {
  source: string;
  out: string;
  task?: "embedding" | "classifier";
  block?: number;
  pool?: OnnxEmbedding["pool"];
  embedder?: string;
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
  const { task, block, pool, embedder, heads } = values;
  if (task === "classifier" && (block ?? pool ?? embedder) !== undefined) {
    throw new RecipeError("--block, --pool and --embedder are of an embedding; leave them out or give --task embedding");
  }
  if (embedder !== undefined && (block ?? pool) !== undefined) {
    throw new RecipeError("--embedder says block and pooling; leave out --block and --pool");
  }
  return {
    source: positionals[0],
    out: values.out,
    task: among("task", task, ["embedding", "classifier"]),
    block: whole("block", block),
    pool: among("pool", pool, pools),
    embedder,
    heads: whole("heads", heads),
  };
}

/** Writes the file, and says what is in it. */
async function exported(wanted: Wanted): Promise<string> {
  const { source, out, heads } = wanted, weights = weightsOf(source, wanted.task);
  await using opened = await openBeit(weights, { known: heads === undefined ? {} : { heads } });
  const { config, tensors, file } = opened, facts = existsSync(join(weights, factsFile)) ? readCheckpointFacts(weights) : undefined;
  const { mean, std } = facts ? (facts.recipe as Recipe).data : { mean: half, std: half };
  const output = await outputOf(opened, weights, wanted), labels = facts?.model.classes ?? opened.labels;
  await writeOnnx(out, beitOnnx(config, tensors, { output, labels, preprocessing: opened.preprocessing ?? { mean, std }, file }));
  const what = output.task === "classifier"
    ? `logits of ${config.classes} classes`
    : `${output.pool} of block ${output.block} of ${config.depth}${output.whitening ? ", whitened" : ""}`;
  return `${out}: ${what}, ${(statSync(out).size / 2 ** 20).toFixed(1)} MiB, from ${facts?.path ?? source}`;
}

/** What the published weights were trained on. */
const half = [0.5, 0.5, 0.5];

/** A run's newest checkpoint of an encoder that goes with the task; anything else is the model itself. */
function weightsOf(source: string, task: Wanted["task"]): string {
  if (!existsSync(join(source, "recipe.json"))) return source;
  const encoders = Run.open(source).checkpoints().filter(({ model }) => model.kind === "beit");
  const stage = task === "embedding" ? "pretrain" : task === "classifier" ? "finetune" : undefined;
  const found = encoders.findLast((checkpoint) => checkpoint.stage === stage) ?? encoders.at(-1);
  if (!found) throw new CheckpointError(`${source}: the run has no checkpoint of an encoder yet; train it, or give a checkpoint`);
  return found.path;
}

async function outputOf(opened: BeitCheckpoint, weights: string, wanted: Wanted): Promise<OnnxOutput> {
  const { task, block, pool = "mean", embedder } = wanted, { classes, depth } = opened.config;
  const described = [block, wanted.pool, embedder].some((given) => given !== undefined);
  if (task ? task === "classifier" : classes !== undefined && !described) return { task: "classifier" };
  const folders = [wanted.source, weights, dirname(weights)], found = folders.map((folder) => join(folder, embedderFile)).find(existsSync);
  const fitted = embedder ?? (described ? undefined : found);
  if (fitted === undefined) return { task: "embedding", block: block ?? Math.round(0.75 * depth), pool };
  const { encoder, ...settings } = await readEmbedder(fitted), own = fingerprint(opened.config, Object.entries(await opened.values()));
  if (encoder === own) return { task: "embedding", block: settings.block, pool: settings.pool, whitening: settings.whitening };
  throw new CheckpointError(
    `${fitted}: was fitted on the encoder ${encoder}, this one is ${own}; fit it again, or give --block and --pool`,
  );
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
