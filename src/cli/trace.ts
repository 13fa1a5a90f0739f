// deno task trace [CASE] [--device native|dawn|cpu]: the plan of a bench case, the time of each of its launches, and what matrix products take.

import process from "node:process";
import { type Case, isNamed, written } from "../../bench/case.ts";
import { cases } from "../../bench/cases.ts";
import { openDevice, type OpenOptions } from "../devices/mod.ts";
import { RecipeError } from "../errors.ts";
import { compile } from "../program.ts";
import { readFlags, runCommand } from "./command.ts";
import { families, productShare, type TimedLaunch } from "./trace/families.ts";

const usage = `Usage: deno task trace [CASE] [--device auto|webgpu|native|dawn|cpu]

Prints the plan of the first case of \`deno task bench\` whose name and shape contain CASE (inputs, buffers, launches, bytes), the
milliseconds of each launch, and the share of each family of kernels and of matrix products.
Cases: ${cases.map(({ name, shape }) => `${name} ${shape}`).join("; ")}`;

const flags = { device: { type: "string" }, help: { type: "boolean", short: "h" } } as const;

async function main(args: string[]): Promise<number> {
  const { values: { device = "auto", help }, positionals } = readFlags(args, flags, usage);
  if (help) return console.log(usage), 0;
  const wanted = positionals.join(" ") || cases[0].name, found = cases.find((c) => isNamed(c, wanted));
  if (!found) throw new RecipeError(`no case contains "${wanted}"\n\n${usage}`);
  await trace(found, device as OpenOptions["device"]);
  return 0;
}

async function trace(c: Case, kind: OpenOptions["device"]): Promise<void> {
  const device = await openDevice({ device: kind, log: console.log });
  try {
    const program = await compile(device, c.build(), { f16: c.f16 });
    program.write(written(program, c));
    program.run(); // drivers finish compiling at the first run
    await device.idle();
    console.log(program.describe());
    const times = await program.time();
    program.destroy();
    if (!times) return console.log("this device has no timestamps, so launches are not timed one by one");
    const total = times.reduce((sum, { ms }) => sum + ms, 0);
    console.log("time");
    print(Map.groupBy(times, ({ label }) => label), total);
    console.log("families");
    print(families(times), total);
    console.log(`matrix products: ${percent(productShare(times))} of ${total.toFixed(1)} ms`);
  } finally {
    await device.destroy();
  }
}

const percent = (share: number) => `${(100 * share).toFixed(0)} %`;

/** A line a group, the longest first. */
function print(groups: ReadonlyMap<string, readonly TimedLaunch[]>, total: number): void {
  const summed = [...groups].map(([label, all]) => ({ label, count: all.length, ms: all.reduce((sum, { ms }) => sum + ms, 0) }));
  for (const { label, count, ms } of summed.sort((a, b) => b.ms - a.ms)) {
    console.log(`${ms.toFixed(3).padStart(10)} ms ${percent(ms / total).padStart(6)}  ${String(count).padStart(4)} x ${label}`);
  }
}

process.exitCode = await runCommand("trace", () => main(process.argv.slice(2)));
