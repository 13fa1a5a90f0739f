// Runs every fixture of a directory on the given devices.

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Device } from "../../src/devices/device.ts";
import { Check } from "./check.ts";
import { openFixture, readManifest } from "./fixture.ts";
import { kinds } from "./mod.ts";

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** One line a fixture and device, and the counts. */
export async function runParity(
  directory: string,
  devices: readonly Device[],
  print: (line: string) => void,
  only?: string,
): Promise<Counts> {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const file of (await readdir(directory)).filter((name) => name.endsWith(".json")).sort()) {
    let manifest;
    try {
      manifest = await readManifest(join(directory, file));
    } catch (error) {
      counts.failed++;
      print(`FAILED   ${file}: ${(error as Error).message}`);
      continue;
    }
    if (!manifest || (only && !manifest.kind.includes(only) && !manifest.name.includes(only))) continue;
    const kind = kinds[manifest.kind];
    if (!kind) {
      counts.skipped++;
      print(`skipped  ${manifest.name.padEnd(24)} kind ${manifest.kind} has no runner here`);
      continue;
    }
    for (const device of devices) {
      const check = new Check();
      try {
        await kind(await openFixture(directory, manifest), device, check);
        if (!check.count) check.fail("the fixture compared nothing");
      } catch (error) {
        check.fail((error as Error).message);
      }
      const head = `${manifest.name.padEnd(24)} ${device.kind.padEnd(6)}`;
      if (check.failures.length) {
        counts.failed++;
        print(`FAILED   ${head} ${check.failures.length} of ${check.count}: ${check.failures.slice(0, 5).join("; ")}`);
      } else {
        counts.passed++;
        print(
          `ok       ${head} ${String(check.count).padStart(4)} compared, worst error ${
            (check.worst * 100).toPrecision(2)
          } % of the tolerance`,
        );
      }
    }
  }
  return counts;
}
