// deno task embed DIR --out FILE: a vector for every picture of a folder, or text of a file, by a trained or loaded encoder.
import { availableParallelism } from "node:os";
import { existsSync } from "node:fs";
import process from "node:process";
import { datasets, type DataSource } from "../data/datasets/mod.ts";
import { openDevice, type OpenOptions } from "../devices/mod.ts";
import { RecipeError } from "../errors.ts";
import { chooseVectors, type VectorOptions } from "../inference/embedder.ts";
import { loadParts } from "../inference/load.ts";
import type { Parts } from "../inference/parts.ts";
import { loadTextParts } from "../inference/load_text.ts";
import { Model } from "../inference/model.ts";
import { Texts } from "../inference/texts.ts";
import { batchSizes, type Pool } from "../inference/types.ts";
import { Run } from "../train/run.ts";
import { formatOf, formats } from "../vectors/mod.ts";
import { readFlags, runCommand, wholeNumber } from "./command.ts";
import { type Embedder, embedFolder, type EmbedReport } from "./embed_folder.ts";
import { embedTexts } from "./embed_texts.ts";

const kinds = Object.keys(datasets).filter((kind) => !["mosaics", "panels", "cifar10", "imagenette"].includes(kind));
const pools: Pool[] = ["class-token", "mean", "both"];

const usage = `Usage: deno task embed DIR --out FILE.{${Object.keys(formats).join(",")}} [options]

Writes a vector for every picture of a folder, of length 1, in the order of the pictures' names. Pictures are turned as their EXIF
orientation says, as everywhere in this program.

  DIR           a folder of pictures, or what KIND wants; for a model of texts a file with a text a line
  --out         the file to write; its extension names the format. Beside an .npy file the names stand in FILE.npy.names.json
  --model       a run's folder, a checkpoint, a Hugging Face folder or an address; without it the newest run of ./runs
  --block       after which block the vector is taken, 0 for the embeddings; without it as fitted, or three quarters of the depth
  --pool        ${pools.join(", ")}
  --dimensions  values of a vector, of the lengths that the fitted whitening allows
  --raw         vectors as they leave the model, not scaled to length 1
  --truncate    texts that are longer than the model takes are cut, instead of left out
  --kind        ${kinds.join(", ")}; folder without it
  --batch       pictures at once: ${batchSizes.join(", ")}; 16 without it
  --workers     threads that read and decode pictures; 0 does it on the main thread
  --device      auto, webgpu, native, dawn or cpu
  --json        the report as one JSON object

Exit code: 0 done (pictures that cannot be used are listed and left out), 1 failed, 2 wrong arguments, 130 interrupted.`;

const flags = {
  out: { type: "string" },
  model: { type: "string" },
  block: { type: "string" },
  pool: { type: "string" },
  dimensions: { type: "string" },
  raw: { type: "boolean" },
  truncate: { type: "boolean", default: false },
  kind: { type: "string", default: "folder" },
  batch: { type: "string", default: "16" },
  workers: { type: "string", default: String(Math.min(4, availableParallelism())) },
  device: { type: "string", default: "auto" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

interface Choice extends VectorOptions {
  batchSize: number;
}

/** A model with everything chosen. @throws RecipeError for what the model cannot do. */
export function embedderOf(model: Model, { batchSize, ...choice }: Choice): Embedder {
  return { view: model.description.view, batchSize, ...chooseVectors(model, choice, "--") };
}

/** The command; gives its exit code. */
export function main(args: string[]): Promise<number> {
  return runCommand("embed", async ({ signal, progress, finish }) => {
    const { values, positionals } = readFlags(args, flags, usage);
    if (values.help) return console.log(usage), 0;
    const { out, choice, source, workers } = checked(values, positionals);
    const say = (line: string) => values.json ? console.error(line) : console.log(line);
    const origin = values.model ?? newestRun(), texts = await loadTextParts(origin), parts = texts ?? await loadParts(origin);
    const device = await openDevice({ device: values.device as OpenOptions["device"], log: say });
    const model = texts ? new Texts(device, texts, origin) : new Model(device, parts as Parts, origin), what = texts ? "texts" : "pictures";
    try {
      const following = { out, signal, onProgress: (done: number, total: number) => progress(what, total, done) };
      const report = model instanceof Texts
        ? await embedTexts(model, { ...following, path: source.path, choice, batchSize: choice.batchSize, truncate: values.truncate })
        : await embedFolder(embedderOf(model, choice), { ...following, source: source as DataSource, workers });
      finish();
      if (values.json) console.log(JSON.stringify({ ...report, model: origin }, null, 2));
      else print(report, what);
      return 0;
    } finally {
      await model.destroy();
      await device.destroy();
    }
  });
}

type Values = ReturnType<typeof readFlags<typeof flags>>["values"];

function checked({ out, kind, ...values }: Values, positionals: string[]) {
  const number = (name: "block" | "dimensions" | "workers" | "batch", least: number) => wholeNumber(name, values[name], least);
  if (positionals.length !== 1) throw new RecipeError(`${positionals.length} folders are given, one is wanted\n\n${usage}`);
  if (!out) throw new RecipeError(`--out is missing; name the file to write\n\n${usage}`);
  formatOf(out);
  const path = positionals[0].replace(/(?<=.)\/+$/, ""), batchSize = number("batch", 1)!;
  if (!existsSync(path)) throw new RecipeError(`${path}: does not exist; give a folder of pictures`);
  if (!kinds.includes(kind)) throw new RecipeError(`there is no kind ${kind}; give one of ${kinds.join(", ")}`);
  if (!(batchSizes as readonly number[]).includes(batchSize)) {
    throw new RecipeError(`--batch is ${batchSize}; give ${batchSizes.join(", ")}`);
  }
  if (values.pool !== undefined && !pools.includes(values.pool as Pool)) {
    throw new RecipeError(`--pool is ${values.pool}; give one of ${pools.join(", ")}`);
  }
  const choice: Choice = {
    block: number("block", 0),
    pool: values.pool as Pool | undefined,
    dimensions: number("dimensions", 1),
    raw: values.raw ?? false,
    batchSize,
  };
  return { out, choice, source: { kind, path }, workers: number("workers", 0)! };
}

function newestRun(): string {
  const run = Run.list("runs").find((run) => run.checkpoints("pretrain").length > 0);
  if (!run) throw new RecipeError("there is no run with a trained encoder in ./runs; train one, or name a model with --model");
  return run.path;
}

function print({ out, pictures, embedded, dimensions, bad, seconds }: EmbedReport, what: string): void {
  const rate = embedded / Math.max(seconds, 1e-3);
  console.log(`${out}: ${embedded} of ${pictures} ${what}, ${dimensions} values each, ${rate.toFixed(0)} ${what}/s`);
  if (bad.length) console.log(`\nleft out:\n${bad.map(({ name, reason }) => `  ${name}: ${reason}`).join("\n")}`);
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
