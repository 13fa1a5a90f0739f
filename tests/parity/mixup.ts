// Kind "mixup": blended batches and their soft targets.

import { mixBatch, mixTargets } from "../../kernels/mod.ts";
import type { Device } from "../../src/devices/device.ts";
import { input } from "../../src/graph.ts";
import { compile } from "../../src/program.ts";
import type { Check } from "./check.ts";
import type { Fixture } from "./fixture.ts";

export async function mixup({ manifest, shapes, values }: Fixture, device: Device, check: Check): Promise<void> {
  const { classes, lam, smoothing, box_yl_yh_xl_xh, cutmix_lam } = manifest.config;
  const x = input("x", shapes.get("x")!), labels = input("labels", shapes.get("y")!, "u32");
  const share = input("lam", [1]), box = input("box", [4], "u32");
  const program = await compile(device, { mixed: mixBatch(x, share, box), target: mixTargets(labels, classes, share, smoothing) });
  try {
    const { forward } = manifest.tolerance!;
    for (const [name, lambda, area] of [["mixup", lam, [0, 0, 0, 0]], ["cutmix", cutmix_lam, box_yl_yh_xl_xh]] as const) {
      program.write({ x: values("x"), labels: values("y"), lam: lambda, box: area });
      program.run();
      check.close(`${name}.x`, await program.read("mixed"), values(`${name}.x`), forward);
      check.close(`${name}.target`, await program.read("target"), values(`${name}.target`), forward);
    }
  } finally {
    program.destroy();
  }
}
