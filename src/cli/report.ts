// deno task report RUN [--tensorboard]: makes a run's report.html anew from the files of its folder.
import { existsSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { ZelligeError } from "../errors.ts";
import { writeReport } from "../train/report/mod.ts";
import { writeEventFile } from "../train/tensorboard/mod.ts";

const usage = `Usage: deno task report RUN [--tensorboard]

Makes report.html in the folder of a run from its recipe.json, metrics.jsonl, evaluation.json and pictures, and prints its path.

  --tensorboard   writes the curves and pictures as an event file for TensorBoard too

Exit code: 0 done, 1 the folder's files are damaged, 2 wrong arguments.`;

/** The command; gives its exit code. */
export function main(args: string[]): number {
  let values, positionals;
  try {
    const options = { tensorboard: { type: "boolean" }, help: { type: "boolean", short: "h" } } as const;
    ({ values, positionals } = parseArgs({ args, options, allowPositionals: true }));
  } catch (error) {
    return refuse((error as Error).message);
  }
  if (values.help) return console.log(usage), 0;
  if (positionals.length !== 1) return refuse(`${positionals.length} runs are given, one is wanted`);
  const folder = positionals[0].replace(/(?<=.)[/\\]+$/, "");
  if (!["recipe.json", "metrics.jsonl"].some((file) => existsSync(`${folder}/${file}`))) {
    return refuse(`${folder} holds neither recipe.json nor metrics.jsonl; give the folder of a run`);
  }
  try {
    console.log(writeReport(folder));
    if (values.tensorboard) console.log(writeEventFile(folder));
    return 0;
  } catch (error) {
    if (!(error instanceof ZelligeError)) throw error;
    console.error(`report: ${error.message}`);
    return 1;
  }
}

function refuse(reason: string): number {
  console.error(`report: ${reason}\n\n${usage}`);
  return 2;
}

if (import.meta.main) process.exitCode = main(process.argv.slice(2));
