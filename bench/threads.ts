// Which threads of this process used the processor, where the system tells (Linux).

import { existsSync, readdirSync, readFileSync } from "node:fs";
import process from "node:process";

/** Milliseconds of CPU so far by thread, or null where the system does not say. */
export function threadTimes(): Map<string, { name: string; ms: number }> | null {
  const tasks = "/proc/self/task";
  if (!existsSync(tasks)) return null;
  const times = new Map<string, { name: string; ms: number }>();
  for (const id of readdirSync(tasks)) {
    try {
      const [nanoseconds] = readFileSync(`${tasks}/${id}/schedstat`, "utf8").split(" ");
      times.set(id, { name: readFileSync(`${tasks}/${id}/comm`, "utf8").trim(), ms: Number(nanoseconds) / 1e6 });
    } catch { /* the thread has ended since */ }
  }
  return times;
}

/** Milliseconds between two such tables: of the threads that workers run on, of the main thread, and of the runtime's own (collector, compiler). */
export function threadShares(before: NonNullable<ReturnType<typeof threadTimes>>, after: typeof before) {
  const shares = { workers: 0, main: 0, runtime: 0 };
  for (const [id, { name, ms }] of after) {
    const share = Number(id) === process.pid ? "main" : /^worker/i.test(name) ? "workers" : "runtime";
    shares[share] += ms - (before.get(id)?.ms ?? 0);
  }
  return shares;
}
