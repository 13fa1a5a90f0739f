// Processor time of another process on Linux, all threads together: what a claim can rest on where two processes share the cores.

import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";

/** Of /proc: hundredths of a second on every Linux that the runtimes run on. */
const MS_PER_TICK = 10;

/** Milliseconds since the process began; NaN where there is no /proc, or no such process any more. */
export function processorTime(pid: number | undefined): number {
  if (process.platform !== "linux") return NaN;
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
    return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
  } catch {
    return NaN;
  }
}

/** Follows a process; gives what it had taken shortly before its end. */
export function followed(child: ChildProcess): () => number {
  let last = NaN;
  const look = () => {
    const now = processorTime(child.pid);
    if (!Number.isNaN(now)) last = now;
  };
  const timer = setInterval(look, 10);
  child.on("exit", () => clearInterval(timer));
  return () => last;
}
