// What commands that write one file share: words read by flags, a signal that ends them, progress, and exit codes.

import process from "node:process";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { RecipeError, ZelligeError } from "../errors.ts";
import { type Progress, showProgress } from "./progress.ts";

/** The words of a command by its flags. @throws RecipeError with the usage for what the flags do not know. */
export function readFlags<Flags extends NonNullable<ParseArgsConfig["options"]>>(args: string[], flags: Flags, usage: string) {
  try {
    return parseArgs({ args, options: flags, allowPositionals: true });
  } catch (error) {
    throw new RecipeError(`${(error as Error).message}\n\n${usage}`);
  }
}

/** A flag's whole number; undefined where it is absent. @throws RecipeError */
export function wholeNumber(name: string, value: string | undefined, least: number): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d+$/.test(value) || Number(value) < least) throw new RecipeError(`--${name} is ${value}; give a whole number from ${least}`);
  return Number(value);
}

export interface Job {
  /** Aborted by SIGINT. */
  signal: AbortSignal;
  /** Draws the bar: `done` of `total` of what is worked on. */
  progress(what: string, total: number, done: number): void;
  /** Takes the bar away, before something is printed. */
  finish(): void;
}

/** Runs a command's work; gives its exit code: its own, 2 for wrong arguments, 1 for what fails, 130 where SIGINT ended it. */
export async function runCommand(name: string, work: (job: Job) => Promise<number>): Promise<number> {
  const stop = new AbortController(), interrupt = () => stop.abort(new Error("interrupted"));
  let bar: Progress | undefined;
  const finish = () => bar?.finish();
  process.once("SIGINT", interrupt);
  try {
    return await work({ signal: stop.signal, progress: (what, total, done) => (bar ??= showProgress(what, total)).update(done), finish });
  } catch (error) {
    finish();
    if (stop.signal.aborted) return console.error(`${name}: interrupted; no file was written`), 130;
    if (!(error instanceof ZelligeError)) throw error;
    console.error(`${name}: ${error.message}`);
    return error instanceof RecipeError ? 2 : 1;
  } finally {
    process.removeListener("SIGINT", interrupt);
  }
}
