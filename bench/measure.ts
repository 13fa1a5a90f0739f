// How a case is timed: a warm-up, then rounds of as many runs as fill a while, each ended by one wait; the median round counts.

import type { Program } from "../src/program.ts";

export interface Measured {
  /** Median milliseconds a run. */
  ms: number;
  /** Fastest round. */
  best: number;
  /** Median milliseconds that starting a run holds the calling thread of an idle device: on a GPU all that a replay costs the processor. */
  host: number;
}

export async function measure(
  program: Program,
  { rounds = 7, roundMs = 120 }: { rounds?: number; roundMs?: number } = {},
): Promise<Measured> {
  const round = async (runs: number) => {
    const start = performance.now();
    program.run();
    const host = performance.now() - start;
    for (let i = 1; i < runs; i++) program.run();
    await program.device.idle();
    return { ms: (performance.now() - start) / runs, host };
  };
  await round(1); // compiles what the driver left for the first run
  const { ms: once } = await round(1), runs = Math.max(1, Math.round(roundMs / once));
  if (once > 1000) rounds = once > 5000 ? 1 : 3; // whole models on a processor
  const times: number[] = [], hosts: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const { ms, host } = await round(runs);
    times.push(ms);
    hosts.push(host);
  }
  for (const list of [times, hosts]) list.sort((a, b) => a - b);
  return { ms: times[rounds >> 1], best: times[0], host: hosts[rounds >> 1] };
}
