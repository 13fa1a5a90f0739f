// deno run -A bench/loader_bench.ts [--json] [--memory]: pictures a second from file to batch, for 0, 1 and 2 workers.
// The bound is the number of cores times what one thread does (bench/data_bench.ts has that beside PIL).
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { pretraining } from "../src/data/augment.ts";
import { openLoader } from "../workers/loader.ts";

const photos = fileURLToPath(new URL("../../shared/data/imagenet-photos/images", import.meta.url));
const BATCH = 16, WARM = 6, TIMED = 20, ROUNDS = 3;

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
  picturesPerSecond: number;
  /** Milliseconds of CPU a picture, over all threads: equal for all where cores are free or not, so it shows what the workers cost. */
  cpu: number;
}

/** One row for each number of workers: the rounds go over all of them in turn, so that a slow moment hits all alike. */
async function rates(counts: number[]): Promise<Rate[]> {
  const all = counts.map((): Rate[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, workers] of counts.entries()) {
      await using loader = await open(workers);
      let seen = 0, begin = 0, before = process.cpuUsage();
      for await (const _ of loader) {
        // The first batches were made while workers still started; the clock runs once the stream is steady.
        if (++seen === WARM) [begin, before] = [performance.now(), process.cpuUsage()];
        if (seen === WARM + TIMED) break;
      }
      const pictures = TIMED * BATCH, { user, system } = process.cpuUsage(before);
      all[i].push({ picturesPerSecond: pictures / (performance.now() - begin) * 1000, cpu: (user + system) / 1000 / pictures });
    }
  }
  const median = (values: number[]) => values.sort((a, b) => a - b)[ROUNDS >> 1];
  return all.map((rows) => ({ picturesPerSecond: median(rows.map((r) => r.picturesPerSecond)), cpu: median(rows.map((r) => r.cpu)) }));
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
  const counts = [0, 1, 2], measured = await rates(counts);
  for (const [i, workers] of counts.entries()) {
    const { picturesPerSecond, cpu } = measured[i], toOneWorker = picturesPerSecond / measured[1].picturesPerSecond;
    if (json) console.log(JSON.stringify({ case: "loader", workers, picturesPerSecond, toOneWorker, cpu, cores: availableParallelism() }));
    else {
      const rate = `${picturesPerSecond.toFixed(1).padStart(8)} pictures/s ${toOneWorker.toFixed(2)} x one worker`;
      console.log(`loader, ${workers} workers ${rate} ${cpu.toFixed(2)} ms CPU a picture`);
    }
  }
  return 0;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
