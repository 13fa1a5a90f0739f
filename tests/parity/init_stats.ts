// Kind "init_stats": the start values of the official constructors, by their statistics. Host arithmetic, so every device gives the same.

import type { Device } from "../../src/devices/device.ts";
import { beitParams } from "../../src/models/beit_params.ts";
import { initialValues } from "../../src/nn/parameters.ts";
import { officialConfig } from "./beit.ts";
import type { Check } from "./check.ts";
import { exact } from "./exact.ts";
import type { Fixture } from "./fixture.ts";

interface Statistics {
  shape: number[];
  mean: number;
  std: number;
  absmax: number;
}

/** From so many values on, the statistics of two draws are close. */
const many = 5000;

export function initStats({ manifest }: Fixture, _device: Device, check: Check): Promise<void> {
  for (
    const [name, { config, params }] of Object.entries(
      manifest.cases as Record<string, { config: unknown; params: Record<string, Statistics> }>,
    )
  ) {
    const c = { patch_size: 16, in_chans: 3, eps: 1e-6, ...config as object } as Record<string, unknown>,
      classes = c.num_classes !== undefined;
    const table = beitParams(officialConfig(c, `${manifest.name} ${name}`), { initial: classes ? "fine-tuning" : "pre-training" });
    exact(check, `${name}: names`, Object.keys(table).sort(), Object.keys(params).sort());
    for (const [parameter, want] of Object.entries(params)) {
      const spec = table[parameter];
      if (!spec) continue;
      exact(check, `${name}: shape of ${parameter}`, spec.shape, want.shape);
      compareStatistics(check, `${name}: ${parameter}`, initialValues(parameter, spec, manifest.seed), want);
    }
  }
  return Promise.resolve();
}

function compareStatistics(check: Check, label: string, values: Float32Array, want: Statistics): void {
  const n = values.length, mean = values.reduce((a, b) => a + b, 0) / n;
  const absmax = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  if (want.std < 1e-6 * want.absmax || want.absmax === 0) { // one value throughout
    return check.close(label, values, Array(n).fill(want.mean), { rtol: 1e-6, atol: 1e-12 });
  }
  const std = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / n);
  check.close(`${label}: mean`, [mean], [want.mean], { rtol: 0, atol: 8 * want.std / Math.sqrt(n) });
  if (n < many) return;
  check.close(`${label}: std`, [std], [want.std], { rtol: 0.05, atol: 0 });
  // Cut-off and uniform values reach their bound; a normal's largest is a matter of chance.
  const bounded = want.absmax < 2 * want.std;
  check.close(`${label}: largest`, [absmax], [want.absmax], { rtol: bounded ? 0.01 : 0.3, atol: 0 });
}
