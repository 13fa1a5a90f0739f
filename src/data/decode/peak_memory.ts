// For the test of decode(): decodes the files named on the command line, good or bad, and prints the peak memory of this process.

import { existsSync, readFileSync } from "node:fs";
import process from "node:process";
import { decode } from "../decode.ts";

/** Megabytes. Linux counts into maxRSS what the parent had before exec, so its own high-water mark is read where there is one. */
function peak(): number {
  const status = "/proc/self/status";
  const mark = existsSync(status) ? /VmHWM:\s+(\d+) kB/.exec(readFileSync(status, "utf8")) : null;
  return (mark ? Number(mark[1]) : process.resourceUsage().maxRSS) / 1024;
}

if (import.meta.main) {
  const files = process.argv.slice(2);
  for (const name of files) await decode(readFileSync(name), { name }).catch(() => {});
  console.log(JSON.stringify({ files: files.length, megabytes: peak() }));
}
