// deno task bench [FILTER…] [--json] [--device native|dawn|cpu]… [--seconds N] [--blas]: time per op, model and device, beside what the device
// can do at best.
// deno task bench peers: the same work by other packages, bench/peers/main.ts.

import process from "node:process";
import { DeviceError, RecipeError, ZelligeError } from "../src/errors.ts";
import { type Device, type DeviceKind, openDevice } from "../src/devices/mod.ts";
import { readFlags, runCommand, wholeNumber } from "../src/cli/command.ts";
import { compile } from "../src/program.ts";
import { cases, copy, matmulCase } from "./cases.ts";
import { type Case, isNamed, written } from "./case.ts";
import { largest, planOf } from "./largest.ts";
import { measure } from "./measure.ts";
import { growing } from "./models.ts";
import { line, type Row } from "./row.ts";

const usage = `Usage: deno task bench [FILTER…] [--json] [--device native|dawn|cpu]… [--seconds N] [--blas]
       deno task bench peers [--help]

Times ops and models on every device found, and plans the largest batch of each model. A FILTER keeps cases whose name and
shape contain it. share is of the device's copy speed (GB/s) or of its fastest matmul (GFLOP/s) in this run. host is what
starting the run costs the calling thread. A case whose run would take more than N seconds (3) by the device's fastest matmul
is planned, not timed. --json prints one object a line. --blas lets the CPU device use the system's BLAS.`;

const flags = {
  json: { type: "boolean" },
  device: { type: "string", multiple: true },
  seconds: { type: "string" },
  blas: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** What is known of a case before it runs. */
const rowOf = (device: Device, { name, shape }: Case): Row => ({ case: name, device: device.kind, shape });

async function time(device: Device, c: Case): Promise<Row> {
  const program = await compile(device, c.build(), { f16: c.f16 });
  try {
    program.write(written(program, c));
    const row = { ...rowOf(device, c), ...await measure(program) }, { ms } = row;
    const { bytes: planned, unsharedBytes: unshared } = program.plan;
    if (c.pictures) return { ...row, gflops: c.flops! / ms / 1e6, pictures: c.pictures / ms * 1000, planned, unshared };
    return c.flops ? { ...row, gflops: c.flops / ms / 1e6 } : c.bytes ? { ...row, gbps: c.bytes / ms / 1e6 } : row;
  } finally {
    program.destroy();
  }
}

/** The device's best rates in this run so far, and what is worth timing by them. */
class Bench {
  #bestMatmul = 0;
  #copySpeed = 0;

  constructor(private readonly device: Device, private readonly seconds: number, private readonly print: (row: Row) => void) {}

  async warmUp(): Promise<void> {
    this.#copySpeed = (await time(this.device, copy)).gbps!;
    this.#bestMatmul = (await time(this.device, matmulCase)).gflops!;
  }

  /** Times it, or plans it where that takes too long; `note` goes along. */
  async measured(c: Case, note?: string): Promise<void> {
    try {
      const expected = (c.flops ?? 0) / this.#bestMatmul / 1e9;
      if (expected > this.seconds) {
        const { bytes: planned, unsharedBytes: unshared } = planOf(c, this.device.limits);
        const why = `not timed: about ${expected.toFixed(expected < 10 ? 1 : 0)} s a run, --seconds ${Math.ceil(expected)} would`;
        return this.print({ ...rowOf(this.device, c), planned, unshared, note: [why, ...note ? [note] : []].join("; ") });
      }
      const row = await time(this.device, c), { gflops, gbps } = row;
      if (gflops && c.name.startsWith("matmul")) this.#bestMatmul = Math.max(this.#bestMatmul, gflops);
      this.print({ ...row, share: gflops ? gflops / this.#bestMatmul : gbps ? gbps / this.#copySpeed : undefined, note });
    } catch (error) {
      if (!(error instanceof ZelligeError)) throw error;
      this.print({ ...rowOf(this.device, c), note: error.message });
    }
  }

  async largest(model: typeof growing[number]): Promise<void> {
    const { found, limit } = await largest(this.device, model), why = `twice as many do not fit: ${limit}`;
    if (found) await this.measured(found.case, `the largest batch, ${why}`);
    else this.print({ ...rowOf(this.device, model.at(1)), note: `not even one fits: ${limit}` });
  }
}

async function main(args: string[]): Promise<number> {
  const { values: { json = false, device: named, seconds, blas, help }, positionals: filters } = readFlags(args, flags, usage);
  if (help) return console.log(usage), 0;
  const wanted = (c: Case) => !filters.length || filters.some((word) => isNamed(c, word));
  const chosen = cases.filter(wanted), grown = growing.filter((model) => wanted({ ...model.at(1), shape: "largest" }));
  if (!chosen.length && !grown.length) {
    throw new RecipeError(`no case contains ${filters.join(" or ")}; there are ${[...new Set(cases.map((c) => c.name))].join(", ")}`);
  }
  for (const kind of (named ?? ["native", "dawn", "cpu"]) as DeviceKind[]) {
    let device: Device;
    try {
      device = await openDevice({ device: kind, blas });
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      if (named) console.error(`bench: ${error.message}`);
      continue;
    }
    if (!json) console.log(`\n${device.description}`);
    const bench = new Bench(device, wholeNumber("seconds", seconds, 0) ?? 3, (row) => console.log(json ? JSON.stringify(row) : line(row)));
    await bench.warmUp();
    const able = (c: Case) => device.f16 || !c.f16;
    for (const c of chosen.filter(able)) await bench.measured(c);
    for (const model of grown.filter((model) => able(model.at(1)))) await bench.largest(model);
    await device.destroy();
  }
  return 0;
}

const [first, ...rest] = process.argv.slice(2);
process.exitCode = first === "peers"
  ? await (await import("./peers/main.ts")).main(rest)
  : await runCommand("bench", () => main(process.argv.slice(2)));
