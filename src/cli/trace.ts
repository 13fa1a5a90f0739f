// deno task trace [CASE] [--device native|dawn|cpu]: the plan of a bench case and the time of each of its launches.

import process from "node:process";
import { type Case, written } from "../../bench/case.ts";
import { cases } from "../../bench/cases.ts";
import { openDevice, type OpenOptions } from "../devices/mod.ts";
import { ZelligeError } from "../errors.ts";
import { compile } from "../program.ts";

const usage = `Usage: deno task trace [CASE] [--device auto|webgpu|native|dawn|cpu]

Prints the plan of a case of \`deno task bench\` (inputs, buffers, launches, bytes) and the milliseconds of each launch.
Cases: ${cases.map((c) => c.name).join(", ")}`;

async function main(args: string[]): Promise<number> {
  const at = args.indexOf("--device"), device = at < 0 ? "auto" : args[at + 1];
  const words = args.filter((_, i) => at < 0 || (i !== at && i !== at + 1));
  if (words.some((word) => word.startsWith("-"))) {
    const asked = words.includes("--help") || words.includes("-h");
    (asked ? console.log : console.error)(usage);
    return asked ? 0 : 2;
  }
  const wanted = words.join(" ") || cases[0].name, found = cases.find((c) => c.name.includes(wanted));
  if (!found) {
    console.error(`trace: no case contains "${wanted}"\n\n${usage}`);
    return 2;
  }
  try {
    await trace(found, device as OpenOptions["device"]);
    return 0;
  } catch (error) {
    if (!(error instanceof ZelligeError)) throw error;
    console.error(error.message);
    return 1;
  }
}

async function trace(c: Case, kind: OpenOptions["device"]): Promise<void> {
  const device = await openDevice({ device: kind, log: console.log });
  try {
    const program = await compile(device, c.build());
    program.write(written(program, c));
    program.run(); // drivers finish compiling at the first run
    await device.idle();
    console.log(program.describe());
    const times = await program.time();
    if (!times) return console.log("this device has no timestamps, so launches are not timed one by one");
    const total = times.reduce((sum, { ms }) => sum + ms, 0), byLabel = new Map<string, { ms: number; count: number }>();
    for (const { label, ms } of times) {
      const entry = byLabel.get(label) ?? { ms: 0, count: 0 };
      byLabel.set(label, { ms: entry.ms + ms, count: entry.count + 1 });
    }
    console.log("time");
    for (const [label, { ms, count }] of [...byLabel].sort((a, b) => b[1].ms - a[1].ms)) {
      console.log(
        `${ms.toFixed(3).padStart(10)} ms ${(100 * ms / total).toFixed(0).padStart(4)} %  ${String(count).padStart(4)} x ${label}`,
      );
    }
    program.destroy();
  } finally {
    await device.destroy();
  }
}

process.exitCode = await main(process.argv.slice(2));
