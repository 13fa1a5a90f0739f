// deno run -A bench/loader_bench.ts [--json] [--memory]: pictures a second from file to batch, for 0, 1 and 2 workers.
// The bound is the number of cores times what one thread does (bench/data_bench.ts has that beside PIL), less what the main thread and the
// runtime's own threads take beside a worker: where one worker keeps 1.1 cores busy, two of them get at most 1.8 times as far on two.
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { pretraining } from "../src/data/augment.ts";
import { openLoader } from "../workers/loader.ts";
import { threadShares, threadTimes } from "./threads.ts";

const photos = fileURLToPath(new URL("../../shared/data/imagenet-photos/images", import.meta.url));
const BATCH = 16, WARM = 40, TIMED = 60, ROUNDS = 5;

const usage = `Usage: deno run -A bench/loader_bench.ts [--json] [--memory]

Decodes, jitters and resizes photos to two views (224 and 112), batches of ${BATCH}: median of ${ROUNDS} rounds of ${TIMED} batches.
--memory shows the resident memory over ten epochs instead.`;

const open = (workers: number, epochs = Infinity) =>
  openLoader(
    { kind: "folder", path: photos },
    { preparation: { kind: "augment", settings: pretraining }, onError: "fail" },
    { batchSize: BATCH, shuffle: true, last: "drop", epochs, state: { seed: 1, epoch: 0, position: 0 }, workers },
  );

interface Rate {
  workers: number;
  picturesPerSecond: number;
  /** Against one worker, in the same round. */
  toOneWorker: number;
  /** Milliseconds of CPU a picture, over all threads: equal for all where cores are free or not, so it shows what the workers cost. */
  cpu: number;
  /** The same by kind of thread, where the system tells. */
  threads?: ReturnType<typeof threadShares>;
}

/** One row for each number of workers: the rounds go over all of them in turn, so that a slow moment hits all alike. */
async function rates(counts: number[]): Promise<Rate[]> {
  const rounds: Rate[][] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const rows: Rate[] = [];
    for (const workers of counts) rows.push(await rate(workers));
    const one = rows.find(({ workers }) => workers === 1)!.picturesPerSecond;
    rounds.push(rows.map((row) => ({ ...row, toOneWorker: row.picturesPerSecond / one })));
  }
  const median = (values: number[]) => values.sort((a, b) => a - b)[ROUNDS >> 1];
  return counts.map((_, i) => {
    const row = rounds.map((rows) => rows[i]).sort((a, b) => a.cpu - b.cpu)[ROUNDS >> 1];
    return {
      ...row,
      picturesPerSecond: median(rounds.map((rows) => rows[i].picturesPerSecond)),
      toOneWorker: median(rounds.map((rows) => rows[i].toOneWorker)),
    };
  });
}

async function rate(workers: number): Promise<Rate> {
  await using loader = await open(workers);
  const pictures = TIMED * BATCH;
  let seen = 0, begin = 0, before = process.cpuUsage(), threads = threadTimes();
  for await (const _ of loader) {
    // The first batches were made while workers started and their code was compiled; the clock runs once the stream is steady.
    if (++seen === WARM) [begin, before, threads] = [performance.now(), process.cpuUsage(), threadTimes()];
    if (seen === WARM + TIMED) break;
  }
  const seconds = (performance.now() - begin) / 1000, { user, system } = process.cpuUsage(before), after = threadTimes();
  const shares = threads && after && threadShares(threads, after);
  const each = shares && { workers: shares.workers / pictures, main: shares.main / pictures, runtime: shares.runtime / pictures };
  const cpu = (user + system) / 1000 / pictures;
  return { workers, picturesPerSecond: pictures / seconds, toOneWorker: 0, cpu, ...(each && { threads: each }) };
}

/** How many times one worker two could be, if each of two cores did nothing but this. */
function bound({ threads }: Rate): string {
  if (!threads) return "";
  const cores = 1 + (threads.main + threads.runtime) / threads.workers;
  return `one worker keeps ${cores.toFixed(2)} cores busy: on two cores two of them reach at most ${(2 / cores).toFixed(2)} times one`;
}

/** Resident megabytes after each of ten epochs with one worker. */
async function memory(): Promise<number[]> {
  const sizes: number[] = [];
  await using loader = await open(1, 10);
  for await (const batch of loader) {
    if (batch.next.epoch > batch.epoch) sizes.push(Math.round(process.memoryUsage().rss / 2 ** 20));
  }
  return sizes;
}

export async function main(args: string[]): Promise<number> {
  const json = args.includes("--json");
  if (args.includes("--help") || args.includes("-h")) return console.log(usage), 0;
  if (args.some((arg) => arg !== "--json" && arg !== "--memory")) return console.error(usage), 2;
  if (!existsSync(photos)) return console.error("loader_bench: no ../shared/data/imagenet-photos"), 1;
  if (args.includes("--memory")) {
    const sizes = await memory();
    console.log(
      json ? JSON.stringify({ case: "resident memory over epochs", megabytes: sizes }) : `resident MB after each epoch: ${sizes.join(" ")}`,
    );
    return 0;
  }
  const measured = await rates([0, 1, 2]), digits = (ms: number) => ms.toFixed(2);
  for (const row of measured) {
    const { workers, picturesPerSecond, toOneWorker, cpu, threads } = row;
    if (json) console.log(JSON.stringify({ case: "loader", ...row, cores: availableParallelism() }));
    else {
      const speed = `${picturesPerSecond.toFixed(1).padStart(8)} pictures/s ${digits(toOneWorker)} x one worker`;
      const split = threads
        ? ` (workers ${digits(threads.workers)}, main ${digits(threads.main)}, collector and compiler ${digits(threads.runtime)})`
        : "";
      console.log(`loader, ${workers} workers ${speed} ${digits(cpu)} ms CPU a picture${split}`);
    }
  }
  if (!json) console.log(bound(measured[1]));
  return 0;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
