// deno task bench [FILTER…] [--json] [--device native|dawn|cpu]… [--blas]: time per op and device, beside what the device can do at best.
// deno task bench peers: the same work by other packages, bench/peers/main.ts.

import process from "node:process";
import { DeviceError } from "../src/errors.ts";
import { type Device, type DeviceKind, openDevice } from "../src/devices/mod.ts";
import { compile } from "../src/program.ts";
import { cases, copy, matmulCase } from "./cases.ts";
import { type Case, written } from "./case.ts";
import { measure } from "./measure.ts";

const usage = `Usage: deno task bench [FILTER…] [--json] [--device native|dawn|cpu]… [--blas]
       deno task bench peers [--help]

Times ops on every device found. A FILTER keeps cases whose name contains it. share is of the device's copy speed (GB/s) or
of its fastest matmul (GFLOP/s) in this run. host is what starting the run costs the calling thread. --json prints one object a line. --blas lets the CPU device use the system's BLAS.`;

interface Row {
  case: string;
  device: DeviceKind;
  shape: string;
  ms: number;
  best: number;
  /** Milliseconds that starting the run holds the calling thread. */
  host: number;
  gflops?: number;
  gbps?: number;
  share?: number;
  /** Pictures a second, of a whole model, and its bytes as planned and as they would be if no buffer were shared. */
  pictures?: number;
  planned?: number;
  unshared?: number;
}

async function time(device: Device, c: Case): Promise<Row> {
  const outputs = c.build();
  const program = await compile(device, outputs);
  try {
    program.write(written(program, c));
    const { ms, best, host } = await measure(program);
    const row: Row = {
      case: c.name,
      device: device.kind,
      shape: c.shape,
      ms,
      best,
      host,
    };
    if (c.pictures) {
      const { bytes: planned, unsharedBytes: unshared } = program.plan;
      return {
        ...row,
        gflops: c.flops! / ms / 1e6,
        pictures: c.pictures / ms * 1000,
        planned,
        unshared,
      };
    }
    return c.flops ? { ...row, gflops: c.flops / ms / 1e6 } : c.bytes ? { ...row, gbps: c.bytes / ms / 1e6 } : row;
  } finally {
    program.destroy();
  }
}

function print(row: Row, json: boolean): void {
  if (json) return console.log(JSON.stringify(row));
  const rate = row.gflops
    ? `${row.gflops.toFixed(1)} GFLOP/s`
    : row.gbps
    ? `${row.gbps.toFixed(2)} GB/s`
    : `${row.host.toFixed(2)} ms host`;
  console.log(
    `${row.case.padEnd(26)} ${row.shape.padEnd(28)} ${row.device.padEnd(7)} ${row.ms.toFixed(3).padStart(10)} ms ${rate.padStart(16)} ${
      row.share ? `${(row.share * 100).toFixed(0).padStart(4)} %` : ""
    }${row.pictures ? `  ${row.pictures.toFixed(2)} pictures/s, ${MiB(row.planned!)} of ${MiB(row.unshared!)} MiB planned` : ""}`,
  );
}

const MiB = (bytes: number) => (bytes / 2 ** 20).toFixed(0);

async function main(args: string[]): Promise<number> {
  const json = args.includes("--json"), blas = args.includes("--blas");
  const named = args.flatMap((arg, i) => arg === "--device" ? [args[i + 1]] : []);
  const filters = args.filter((arg, i) =>
    !["--json", "--device", "--blas"].includes(arg) &&
    args[i - 1] !== "--device"
  );
  if (args.includes("--help") || args.includes("-h")) {
    return console.log(usage), 0;
  }
  if (filters.some((f) => f.startsWith("-"))) return console.error(usage), 2;
  const chosen = cases.filter((c) => !filters.length || filters.some((f) => c.name.includes(f)));
  if (!chosen.length) {
    return console.error(
      `bench: no case contains ${filters.join(" or ")}; there are ${cases.map((c) => c.name).join(", ")}`,
    ),
      2;
  }

  for (
    const kind of (named.length ? named : ["native", "dawn", "cpu"]) as DeviceKind[]
  ) {
    let device: Device;
    try {
      device = await openDevice({ device: kind, blas });
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      if (named.length) console.error(`bench: ${error.message}`);
      continue;
    }
    if (!json) console.log(`\n${device.description}`);
    const software = (device as { software?: boolean }).software ?? true;
    const copySpeed = (await time(device, copy)).gbps!;
    let bestMatmul = (await time(device, matmulCase)).gflops!;
    for (const c of chosen.filter((c) => !c.gpuOnly || !software)) {
      const row = await time(device, c);
      if (row.gflops && c.name.startsWith("matmul")) {
        bestMatmul = Math.max(bestMatmul, row.gflops);
      }
      print({
        ...row,
        share: row.gflops ? row.gflops / bestMatmul : row.gbps ? row.gbps / copySpeed : undefined,
      }, json);
    }
    await device.destroy();
  }
  return 0;
}

const [first, ...rest] = process.argv.slice(2);
process.exitCode = first === "peers" ? await (await import("./peers/main.ts")).main(rest) : await main(process.argv.slice(2));
