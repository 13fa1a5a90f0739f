// deno task runs [--runs DIR] [--json]: the runs of a folder, newest first.
import process from "node:process";
import { parseArgs } from "node:util";
import { Run } from "../train/run.ts";

const usage = `Usage: deno task runs [--runs DIR] [--json]

Lists the runs below DIR (runs, if absent), newest first: state, stage, updates done, what was measured last.

  --json   one JSON object instead of lines

Exit code: 0 listed, 2 wrong arguments.`;

/** What is told of a run. */
export function describeRun(run: Run) {
  const lines = run.metrics(), last = lines.at(-1), measured = lines.findLast((line) => line.measured);
  return {
    name: run.name,
    path: run.path,
    state: run.state,
    created: new Date(run.created).toISOString(),
    preset: run.recipe.preset,
    job: last?.job,
    step: last?.step ?? 0,
    steps: run.steps,
    measured: measured && { job: measured.job, ...measured.measured },
    error: run.error,
  };
}

/** The command; gives its exit code. */
export function main(args: string[]): number {
  let values;
  try {
    const options = {
      runs: { type: "string", default: "runs" },
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    } as const;
    ({ values } = parseArgs({ args, options }));
  } catch (error) {
    console.error(`runs: ${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  if (values.help) return console.log(usage), 0;
  const runs = Run.list(values.runs).map(describeRun);
  if (values.json) console.log(JSON.stringify({ runs }, null, 2));
  else if (!runs.length) console.log(`no runs in ${values.runs}; start one with deno task train`);
  else for (const run of runs) console.log(text(run));
  return 0;
}

function text({ name, state, job, step, steps, measured, error }: ReturnType<typeof describeRun>): string {
  const { job: measuredJob, ...values } = measured ?? { job: "" };
  const found = Object.entries(values).slice(0, 3).map(([name, value]) => `${name} ${Number((value as number).toPrecision(4))}`).join(", ");
  return [
    name,
    state,
    job && `${job}, update ${step}${steps ? ` of ${steps}` : ""}`,
    found && `${measuredJob}: ${found}`,
    state === "failed" && error,
  ].filter(Boolean).join("  ");
}

if (import.meta.main) process.exitCode = main(process.argv.slice(2));
