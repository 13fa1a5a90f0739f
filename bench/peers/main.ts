// deno task bench peers: the same work, weights and inputs by this project and by what people would use instead, in turn in one session.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { isSoftware } from "../../src/devices/gpu.ts";
import { dawnAdapter } from "../../src/devices/dawn.ts";
import { nativeAdapter } from "../../src/devices/native.ts";
import { type Contestant, contestants, Running } from "./contestants.ts";
import { type Job, jobs } from "./jobs.ts";
import { writeMaterial } from "./material.ts";
import { coldContestants, coldRow, importRows, pipelineRows, type Row } from "./process_rows.ts";
import { machine, replaced, section, shown } from "./report.ts";
import { difference, Session } from "./session.ts";

const usage = `Usage: deno task bench peers [JOB…] [--quick] [--limit SECONDS] [--only NAME]…

Runs each JOB (all if none is named) by Zellige on the CPU and, in turn with it, by each of the others; compares the results before any time
is taken; prints medians and, as ratios, the medians of the rounds; and writes the section "Peers" of bench/RESULTS.md when nothing was left out by JOB or --only. Installs the peers'
packages into bench/peers/packages on first use. --quick: fewer runs, and no job that takes seconds. --limit: a run that would take longer
by what came before is left out (12). --only: names that contain NAME, beside Zellige on the CPU.

Jobs: ${jobs.map(({ id }) => id).join(", ")}`;

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

interface Settings {
  folder: string;
  /** Seconds. */
  limit: number;
  quick: boolean;
  /** Whether WebGPU runs on the CPU here. */
  software: boolean;
}

/** Installs the packages of bench/peers/package.json where they are missing. Their install scripts do not run: one fetches CUDA. */
function install(): void {
  const wanted: Record<string, string> = JSON.parse(readFileSync(here("packages/package.json"), "utf8")).dependencies;
  const missing = Object.entries(wanted).filter(([name, version]) => {
    const path = here(`packages/node_modules/${name}/package.json`);
    return !existsSync(path) ||
      JSON.parse(readFileSync(path, "utf8")).version !== version;
  });
  if (!missing.length) return;
  console.log(`peers: installing ${missing.map(([name]) => name).join(", ")} into bench/peers/packages`);
  const commands = [[
    "npm",
    "install",
    "--no-package-lock",
    "--no-audit",
    "--no-fund",
    "--ignore-scripts",
  ], ["bun", "install", "--no-save", "--ignore-scripts"]];
  for (const [command, ...args] of commands) {
    if (spawnSync(command, args, { cwd: here("packages/"), stdio: ["ignore", "ignore", "inherit"] }).status === 0) return;
  }
  console.log("peers: neither npm nor bun could install them; what is missing is left out");
}

/** Whether the WebGPU that is found runs on the CPU; true where there is none. */
async function softwareWebGpu(): Promise<boolean> {
  for (const adapter of [nativeAdapter, dawnAdapter]) {
    try {
      return isSoftware((await adapter()).info);
    } catch { /* the next provider */ }
  }
  return true;
}

/** Why a contestant does not begin a job at all. */
function reasonAgainst({ name, webgpu, infersOnly }: Contestant, job: Job, session: Session, settings: Settings): string | undefined {
  const { limit, quick, software } = settings, [reference] = contestants, earlier = job.after && session.found(job.after.id, name);
  if (infersOnly && (job.kind === "training" || job.kind === "tokenizer")) return "cannot train";
  if (webgpu && software && (job.heavy || (quick && job.kind !== "matmul"))) return "WebGPU runs on the CPU here, and this is left to GPUs";
  if (earlier?.reason) return earlier.reason;
  if ((session.median(job.after?.id ?? "", name) ?? 0) * (job.after?.times ?? 0) > 1000 * limit) return `a run would take over ${limit} s`;
  if (session.found(job.id, reference.name)?.reason) return `there is nothing to compare with, since ${reference.name} did not do it`;
}

/** A contestant in a process of its own, at work on one job. */
interface AtWork {
  running: Running;
  /** Milliseconds of its first run, with whatever it compiles then. */
  first: number;
}

async function begin(contestant: Contestant, job: Job, session: Session, { folder, limit }: Settings): Promise<AtWork | undefined> {
  const { name } = contestant, running = new Running(contestant, folder);
  try {
    const { description } = await running.ask({ do: "open" }, 20_000);
    session.descriptions.set(name, description!);
    const { ms } = await running.ask({ do: "prepare", job }, 1000 * (20 + 2 * limit)); // compilation on a software adapter takes seconds
    const far = difference(job, name, folder);
    if (far) throw new Error(`another result, ${far}`);
    return { running, first: ms! };
  } catch (error) {
    session.missed(job.id, name, (error as Error).message);
    running.stop();
  }
}

/** One contestant at one job: compared with the first contestant, then timed in turn with it. */
async function run(contestant: Contestant, job: Job, reference: AtWork, session: Session, settings: Settings): Promise<void> {
  const { name } = contestant, { limit, quick } = settings, against = reasonAgainst(contestant, job, session, settings);
  if (against) return session.missed(job.id, name, against);
  const own = contestant === contestants[0] ? reference : await begin(contestant, job, session, settings);
  if (!own) return;
  const slow = Math.max(own.first, reference.first) > 1000, rounds = quick ? 2 : slow ? 3 : 6;
  const timed = async ({ running }: AtWork) => {
    const { times } = await running.ask({ do: "time", ms: slow ? 0 : 250, least: 1, most: 40 }, 4000 * limit);
    return times!;
  };
  try {
    for (let round = 0; round < rounds; round++) {
      const before = await timed(reference);
      if (own === reference) session.add(job.id, name, before);
      else session.add(job.id, name, await timed(own), before);
    }
  } catch (error) {
    session.missed(job.id, name, (error as Error).message);
  } finally {
    if (own !== reference) own.running.stop();
  }
}

function print(job: Job, { name }: Contestant, session: Session): void {
  const ms = session.median(job.id, name);
  const words = ms === undefined
    ? session.found(job.id, name)!.reason
    : `${shown(ms).padStart(9)} ms  ${session.ratio(job.id, name)!.toFixed(2)}`;
  console.log(`  ${name.padEnd(34)} ${words}`);
}

async function compete(taking: readonly Contestant[], job: Job, session: Session, settings: Settings): Promise<void> {
  const [first] = taking, against = reasonAgainst(first, job, session, settings);
  if (against) session.missed(job.id, first.name, against);
  const reference = against ? undefined : await begin(first, job, session, settings);
  for (const contestant of taking) {
    if (reference) await run(contestant, job, reference, session, settings);
    else if (contestant !== first) session.missed(job.id, contestant.name, reasonAgainst(contestant, job, session, settings)!);
    print(job, contestant, session);
  }
  reference?.running.stop();
}

async function processRows(taking: Contestant[], { folder, quick }: Settings): Promise<Row[]> {
  const rows = [...importRows(quick ? 3 : 7), ...await pipelineRows(quick ? 10 : 50)];
  for (const contestant of coldContestants) {
    if (taking.includes(contestant)) {
      rows.push(await coldRow(contestant, folder, contestant.webgpu || quick ? 1 : 3));
    }
  }
  for (const { what, who, ms, reason } of rows) {
    console.log(`  ${what.padEnd(15)} ${who.padEnd(34)} ${reason ?? `${shown(ms!).padStart(9)} ms`}`);
  }
  return rows;
}

export async function main(args: string[]): Promise<number> {
  let values, named: string[];
  try {
    ({ values, positionals: named } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        help: { type: "boolean", short: "h" },
        quick: { type: "boolean", default: false },
        limit: { type: "string" },
        only: { type: "string", multiple: true },
      },
    }));
  } catch (error) {
    return console.error(`peers: ${(error as Error).message}\n\n${usage}`), 2;
  }
  const { help, quick, only } = values,
    limit = Number(values.limit ?? (quick ? 2 : 12));
  const unknown = named.find((id) => !jobs.some((job) => job.id === id));
  if (help) return console.log(usage), 0;
  if (unknown || !(limit > 0)) {
    return console.error(`peers: ${unknown ? `there is no job ${unknown}` : `--limit is ${values.limit}; give seconds`}\n\n${usage}`), 2;
  }
  const chosen = named.length ? jobs.filter(({ id }) => named.includes(id)) : jobs,
    [reference, ...others] = contestants;
  const taking = [reference, ...others.filter(({ name }) => !only || only.some((part) => name.includes(part)))];
  const folder = mkdtempSync(`${tmpdir()}/zellige-peers-`),
    session = new Session(),
    load = loadavg()[0];
  try {
    install();
    const settings: Settings = { folder, limit, quick, software: await softwareWebGpu() };
    await writeMaterial(chosen, folder);
    for (const job of chosen) {
      console.log(`\n${job.title}`);
      await compete(taking, job, session, settings);
    }
    if (named.length) return 0;
    console.log("\nwhole processes");
    const rows = await processRows(taking, settings);
    if (only) return 0;
    const results = here("../RESULTS.md"),
      about = machine(load) + (quick ? ", `--quick`" : "");
    writeFileSync(results, replaced(readFileSync(results, "utf8"), section(taking, chosen, session, rows, about)));
    console.log("\npeers: wrote the section Peers of bench/RESULTS.md");
    return 0;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
