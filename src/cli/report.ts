// deno task report RUN [--draw] [--tensorboard]: makes a run's report.html anew from the files of its folder.
import { existsSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { openDevice, type OpenOptions } from "../devices/mod.ts";
import { RecipeError, ZelligeError } from "../errors.ts";
import { drawRun } from "../inference/pictures/mod.ts";
import { writeReport } from "../train/report/mod.ts";
import { Run } from "../train/run.ts";
import { writeEventFile } from "../train/tensorboard/mod.ts";

const usage = `Usage: deno task report RUN [--draw] [--tensorboard] [--device auto]

Makes report.html in the folder of a run from its recipe.json, metrics.jsonl, evaluation.json and pictures, and prints its path.

  --draw          draws the pictures anew first, with the run's newest checkpoints and its held-out data
  --device        what draws: auto, webgpu, native, dawn or cpu
  --tensorboard   writes the curves and pictures as an event file for TensorBoard too

Exit code: 0 done, 1 files of the folder or its data cannot be read, 2 wrong arguments.`;

/** The command; gives its exit code. */
export async function main(args: string[]): Promise<number> {
  let values, positionals;
  try {
    const options = {
      draw: { type: "boolean" },
      device: { type: "string", default: "auto" },
      tensorboard: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    } as const;
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
    if (values.draw) await draw(folder, values.device as OpenOptions["device"]);
    console.log(writeReport(folder));
    if (values.tensorboard) console.log(writeEventFile(folder));
    return 0;
  } catch (error) {
    if (!(error instanceof ZelligeError)) throw error;
    console.error(`report: ${error.message}`);
    return error instanceof RecipeError ? 2 : 1;
  }
}

async function draw(folder: string, kind: OpenOptions["device"]): Promise<void> {
  const run = Run.open(folder), device = await openDevice({ device: kind, log: console.error });
  try {
    for (const file of await drawRun(run, device)) console.error(`drawn: ${run.pictureFolder}/${file}`);
  } finally {
    await device.destroy();
  }
}

/** The report of a training that has ended, its pictures drawn; gives its path. Where drawing fails it says so and goes on without. */
export async function reportAtEnd(folder: string, options: Pick<OpenOptions, "device" | "threads">): Promise<string> {
  const device = await openDevice(options);
  try {
    await drawRun(Run.open(folder), device);
  } catch (error) {
    if (!(error instanceof ZelligeError)) throw error;
    console.error(`report: no pictures were drawn (${error.message})`);
  } finally {
    await device.destroy();
  }
  return writeReport(folder);
}

function refuse(reason: string): number {
  console.error(`report: ${reason}\n\n${usage}`);
  return 2;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
