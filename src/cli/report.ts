// deno task report RUN: makes a run's report.html anew from the files of its folder.
import { existsSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { ZelligeError } from "../errors.ts";
import { writeReport } from "../train/report/mod.ts";

const usage = `Usage: deno task report RUN

Makes report.html in the folder of a run from its recipe.json, metrics.jsonl, evaluation.json and pictures, and prints its path.

Exit code: 0 done, 1 the folder's files are damaged, 2 wrong arguments.`;

/** The command; gives its exit code. */
export function main(args: string[]): number {
  let values, positionals;
  try {
    ({ values, positionals } = parseArgs({ args, options: { help: { type: "boolean", short: "h" } }, allowPositionals: true }));
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
