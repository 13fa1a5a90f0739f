// What `deno task train` says: its help, its lists, a line for each line of the record.

import { datasets } from "../../data/datasets/mod.ts";
import type { JobFacts } from "../../train/dry_run.ts";
import { textSources } from "../../data/text/sources/mod.ts";
import { presets } from "../../train/presets/mod.ts";
import { Recipe } from "../../train/recipe.ts";
import { fieldsOf } from "../../train/recipe/command_line.ts";
import type { MetricLine } from "../../train/run/metrics.ts";
import { textPresets } from "../../train/text/presets.ts";
import { TextRecipe } from "../../train/text/recipe.ts";
import { vaePresets } from "../../train/vae/presets.ts";
import { VaeRecipe } from "../../train/vae/recipe.ts";

const usage = `Usage: deno task train [PRESET | RECIPE.json | RECIPE.ts] [DATA] [--FIELD VALUE ...]

Trains a visual tokenizer, pre-trains a BEiT by masked image modeling on its tokens, probes and fine-tunes it. Without arguments:
pictures that the program draws, all stages, a few minutes. A run is a folder with its recipe, record, checkpoints and report.

  PRESET         ${Object.keys(presets).join(", ")}; for texts: ${Object.keys(textPresets).join(", ")};
                 a Gaussian VAE: ${Object.keys(vaePresets).join(", ")}
  DATA           a folder of pictures (with train/ and val/ where there are classes), of IDX or CIFAR files; .tar; .parquet; for texts a .txt of lines
  --resume RUN   goes on with a run, bit by bit as if it had not ended
  --runs DIR     where runs are kept; runs
  --name NAME    of the run's folder
  --device KIND  auto, webgpu, native, dawn, cpu; auto
  --threads N    of the CPU device
  --workers N    that read and prepare pictures; 2
  --dry-run      prints what the recipe comes to, after three updates of each training, and trains nothing
  --list         prints presets and kinds of data
  --help         prints this

Ctrl-C saves and ends; twice ends at once. Exit code: 0 done, 1 failed, 2 wrong arguments, 130 interrupted.

Pictures are turned as their EXIF orientation says, as a viewer shows them; not where label maps lie over them.

Fields of the recipe (values as JSON; where a preset says nothing, what stands in brackets holds):
`;

/** The help text, with every field of the recipe's schema. */
export function helpText(): string {
  return [
    usage + fieldLines(Recipe()),
    "Fields of a recipe for texts:\n",
    fieldLines(TextRecipe()),
    "Fields of a Gaussian VAE's recipe:\n",
    fieldLines(VaeRecipe()),
  ].join("\n\n");
}

function fieldLines(schema: Parameters<typeof fieldsOf>[0]): string {
  return fieldsOf(schema).map(({ path, values, description, standard }) => {
    const head = `  --${path} ${values}`, tail = `${description}${standard === undefined ? "" : ` [${standard}]`}`;
    return head.length < 38 ? `${head.padEnd(38)}  ${tail}` : `${head}\n${" ".repeat(40)}${tail}`;
  }).join("\n");
}

export function listText(): string {
  const rows = (table: Record<string, { about: string }>) =>
    Object.entries(table).map(([name, { about }]) => `  ${name.padEnd(16)} ${about}`);
  return [
    "presets:",
    ...rows(presets),
    ...rows(vaePresets),
    "",
    'kinds of data (--data.train \'{"kind": "cifar10"}\'):',
    ...rows(datasets),
    "",
    "for texts:",
    ...rows(textPresets),
    "",
    "kinds of texts (--data.texts, --data.labelled):",
    ...rows(textSources),
  ].join("\n");
}

const percent = (share: number) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;

/** Names that are shares of one, and are shown as percent. */
const shares = new Set([
  "accuracy",
  "usage",
  "chance",
  "unigram",
  "knn",
  "probe",
  "rawKnn",
  "lastClassTokenKnn",
  "lastClassTokenRawKnn",
  "lastClassTokenProbe",
  "meanIou",
  "commonest",
]);

const value = (name: string, x: number, isShare = shares.has(name)) => `${name} ${isShare ? percent(x) : Number(x.toPrecision(4))}`;

/** One line of the record in words; `steps` are those of its job. */
export function lineText({ job, jobStep, train, measured, schedule, speed }: MetricLine, steps: number, secondsLeft?: number): string {
  const head = `${job}  ${String(jobStep).padStart(String(steps).length)}/${steps}`;
  if (measured) return `${head}  held out: ${Object.entries(measured).map(([name, x]) => value(name, x)).join(", ")}`;
  const learned = Object.entries(train ?? {}).map(([name, x]) => value(name, x, name === "accuracy"));
  const pace = speed ? [`${speed.picturesPerSecond.toFixed(0)} pictures/s`, `waits for data ${percent(speed.dataWait)}`] : [];
  if (speed?.skipped) pace.push(`${speed.skipped} pictures left out`);
  return [
    head,
    ...learned,
    `rate ${(schedule?.lr ?? 0).toExponential(1)}`,
    ...pace,
    ...secondsLeft === undefined ? [] : [`${clock(secondsLeft)} left`],
  ].join("  ");
}

/** Facts of a recipe, a line a job. */
export function factsText({ job, parameters, steps, batchSize, microBatch, lr, precision, bytes, seconds }: JobFacts): string {
  const parts = microBatch === batchSize ? "" : ` in parts of ${microBatch}`;
  return `${job.id}: ${parameters} parameters, ${steps} updates of ${batchSize} pictures${parts}, rate ${lr}, ` +
    `${(bytes / 2 ** 20).toFixed(1)} MiB on the device${precision === "f16" ? " in f16" : ""}, about ${clock(seconds)}`;
}

function clock(seconds: number): string {
  const whole = Math.ceil(seconds), minutes = Math.floor(whole / 60), hours = Math.floor(minutes / 60), days = Math.floor(hours / 24);
  if (days > 0) return `${days} d ${hours % 24} h`;
  return hours > 0 ? `${hours} h ${minutes % 60} min` : minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}
