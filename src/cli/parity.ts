// deno task parity DIR [FILTER]: every fixture of a directory against every device found.

import process from "node:process";
import { runParity } from "../../tests/parity/run.ts";
import { CpuDevice } from "../devices/cpu.ts";
import { openDawn } from "../devices/dawn.ts";
import type { Device } from "../devices/device.ts";
import { openNative } from "../devices/native.ts";

const usage = `Usage: deno task parity DIR [FILTER] [--device native|dawn|cpu]

Compares this project's results with the golden numbers of every fixture (a manifest NAME.json beside its safetensors
files) in DIR, on every device found, or on those named. FILTER keeps fixtures whose name or kind contains it.`;

async function main(args: string[]): Promise<number> {
  const wanted = args.flatMap((arg, i) => arg === "--device" ? [args[i + 1]] : []);
  const [directory, filter, ...rest] = args.filter((arg, i) => arg !== "--device" && args[i - 1] !== "--device");
  if (directory === "--help" || directory === "-h") return console.log(usage), 0;
  if (!directory || rest.length || [filter, directory].some((arg) => arg?.startsWith("-")) || wanted.some((d) => !(d in openers))) {
    return console.error(usage), 2;
  }
  const devices = await openAll(wanted);
  try {
    const { passed, failed, skipped } = await runParity(directory, devices, (line) => console.log(line), filter);
    console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
    return failed || !passed ? 1 : 0;
  } catch (error) {
    console.error(`parity: ${(error as Error).message}`);
    return 1;
  } finally {
    for (const device of devices) await device.destroy();
  }
}

const openers: Record<string, () => Promise<Device>> = { native: openNative, dawn: openDawn, cpu: () => CpuDevice.open() };

async function openAll(wanted: string[]): Promise<Device[]> {
  const devices: Device[] = [];
  for (const [name, open] of Object.entries(openers)) {
    if (wanted.length && !wanted.includes(name)) continue;
    try {
      devices.push(await open());
      console.log(`device   ${devices[devices.length - 1].description}`);
    } catch (error) {
      console.log(`absent   ${(error as Error).message}`);
    }
  }
  return devices;
}

process.exitCode = await main(process.argv.slice(2));
