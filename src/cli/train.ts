// deno task train [PRESET | RECIPE] [DATA] [--FIELD VALUE ...]: trains as a recipe says. See helpText().

import process from "node:process";
import { startTraining } from "../../workers/training.ts";
import { openDevice, type OpenOptions } from "../devices/mod.ts";
import { RecipeError, ZelligeError } from "../errors.ts";
import { dryRun } from "../train/dry_run.ts";
import { resolveAnyRecipe } from "../train/modality.ts";
import { writeReport } from "../train/report/mod.ts";
import type { MetricLine } from "../train/run/metrics.ts";
import type { SessionEvent } from "../train/session.ts";
import { type Progress, showProgress } from "./progress.ts";
import { reportAtEnd } from "./report.ts";
import { readWords, type Words } from "./train/arguments.ts";
import { factsText, helpText, lineText, listText } from "./train/texts.ts";

/** The command; gives its exit code. */
export async function main(args: string[]): Promise<number> {
  try {
    const words = await readWords(args);
    if (words.help) return console.log(helpText()), 0;
    if (words.list) return console.log(listText()), 0;
    return words.dryRun ? await tellFacts(words) : await train(words);
  } catch (error) {
    if (!(error instanceof ZelligeError)) throw error;
    console.error(error.message);
    return error instanceof RecipeError ? 2 : 1;
  }
}

async function tellFacts({ recipe: options, device: kind, threads }: Words): Promise<number> {
  const recipe = resolveAnyRecipe(options), device = await openDevice({ device: kind as OpenOptions["device"], threads, log: console.log });
  try {
    let code = 0;
    for await (const facts of dryRun(recipe, device)) {
      if (facts instanceof Error) console.error(facts.message), code = 1;
      else console.log(factsText(facts));
    }
    return code;
  } finally {
    await device.destroy();
  }
}

async function train({ recipe, resume, runs, name, device: kind, threads, workers }: Words): Promise<number> {
  const screen = new Screen(), device = { device: kind as OpenOptions["device"], threads };
  await using training = await startTraining({ recipe, resume, folder: runs, name, device, workers }, (event) => screen.show(event));
  let interrupted = false;
  const interrupt = () => {
    if (interrupted) process.exit(130);
    interrupted = true;
    console.error("train: saving and ending; once more to end at once");
    void training.stop();
  };
  process.on("SIGINT", interrupt);
  console.log(`run: ${training.path}`);
  const { state, error } = await training.ended;
  process.off("SIGINT", interrupt);
  screen.clear();
  if (state === "stopped") {
    writeReport(training.path);
    console.log(`train: stopped; go on with --resume ${training.path}`);
    return interrupted ? 130 : 0;
  }
  if (error) throw error;
  console.log(`done: ${training.path}`);
  console.log(`report: ${await reportAtEnd(training.path, device)}`);
  return 0;
}

/** Lines of a training, and under them, on a terminal, its bar. */
class Screen {
  #progress: Progress | undefined;
  #steps = 0;
  #printed = 0;
  /** The line of the record before, for the pace. */
  #before: MetricLine | undefined;

  show(event: SessionEvent): void {
    if (event.type === "note") return this.#print(event.message);
    if (event.type === "job") {
      const { job, index, count, steps, bytes } = event;
      this.#steps = steps;
      this.#printed = 0;
      this.#before = undefined;
      this.#print(`${bold(job.id)} (${index + 1} of ${count}): ${steps} updates, ${(bytes / 2 ** 20).toFixed(1)} MiB on the device`);
      this.#progress = steps > 0 && process.stderr.isTTY ? showProgress("updates", steps) : undefined;
    } else if (event.type === "metrics") {
      const { line } = event;
      const before = this.#before, pace = before && (line.time - before.time) / 1000 / Math.max(1, line.jobStep - before.jobStep);
      if (line.train) this.#before = line;
      // Twenty lines a job are enough to read; the record has all.
      if (!line.train || line.jobStep >= this.#printed + this.#steps / 20 || line.jobStep === this.#steps) {
        this.#printed = line.jobStep;
        this.#print(lineText(line, this.#steps, pace && pace * (this.#steps - line.jobStep)));
      }
      this.#progress?.update(line.jobStep);
    }
  }

  clear(): void {
    this.#progress?.finish();
    this.#progress = undefined;
  }

  #print(text: string): void {
    this.#progress?.finish();
    console.log(text);
  }
}

const bold = (text: string) => process.stdout.isTTY && !process.env.NO_COLOR ? `\x1b[1m${text}\x1b[0m` : text;

if (import.meta.main) process.exit(await main(process.argv.slice(2))); // a data worker that hangs must not keep the program alive
