// Kind "adamw": parameters and moments over several steps of clipped AdamW, with decay and rates by group.

import type { Device } from "../../src/devices/device.ts";
import { input } from "../../src/graph.ts";
import { parameters } from "../../src/nn/parameters.ts";
import { adamw as optimizer } from "../../src/optim/adamw.ts";
import { compile } from "../../src/program.ts";
import type { Check } from "./check.ts";
import type { Fixture } from "./fixture.ts";

export async function adamw({ manifest, shapes, values }: Fixture, device: Device, check: Check): Promise<void> {
  const { betas: [beta1, beta2], eps, groups, lr_per_step, steps, clip_grad } = manifest.config;
  const names = [...shapes.keys()].filter((key) => key.startsWith("p0.")).map((key) => key.slice(3));
  // The fixture's decay may differ from group to group; here one number is scaled by each group's factor, 0 or 1.
  const weightDecay = Math.max(...names.map((name) => groups[name].wd));
  const uneven = names.find((name) => groups[name].wd !== 0 && groups[name].wd !== weightDecay);
  if (uneven) return check.fail(`${uneven}: decay ${groups[uneven].wd} beside ${weightDecay}; only one decay and none are supported`);

  const params = parameters(
    Object.fromEntries(names.map((name) => [name, { shape: shapes.get(`p0.${name}`)!, init: values(`p0.${name}`) }])),
  );
  const grads = names.map((name) => input(`grad ${name}`, shapes.get(`p0.${name}`)!));
  const table = Object.fromEntries(names.map((name) => [name, { decay: groups[name].wd > 0, lrScale: groups[name].lr_scale }]));
  const { updates, gradNorm, values: at, moments } = optimizer(params, grads, { betas: [beta1, beta2], eps, clip: clip_grad, table });
  const program = await compile(device, { gradNorm }, { updates });
  try {
    const { param, state } = manifest.tolerance!;
    for (let step = 0; step < steps; step++) {
      program.write(Object.fromEntries(names.map((name) => [`grad ${name}`, values(`step${step}.grad.${name}`)])));
      program.write(at({ step, lr: lr_per_step[step], weightDecay: manifest.config.wd_per_step?.[step] ?? weightDecay }));
      program.run();
      check.close(`step ${step} norm`, await program.read("gradNorm"), values(`step${step}.grad_norm_before_clip`), param);
      for (const name of names) {
        check.close(`step ${step} ${name}`, await program.read(params[name]), values(`step${step}.param.${name}`), param);
        const { m, v } = moments[name];
        check.close(`step ${step} exp_avg ${name}`, await program.read(m), values(`step${step}.exp_avg.${name}`), state);
        check.close(`step ${step} exp_avg_sq ${name}`, await program.read(v), values(`step${step}.exp_avg_sq.${name}`), state);
      }
    }
  } finally {
    program.destroy();
  }
}
