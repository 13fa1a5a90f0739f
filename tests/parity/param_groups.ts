// Kind "param_groups": weight decay and learning-rate factor of every parameter of the official models. Names only, so every device gives the same.

import type { Device } from "../../src/devices/device.ts";
import type { Shape } from "../../src/graph.ts";
import { parameterGroups } from "../../src/optim/parameter_groups.ts";
import type { Check } from "./check.ts";
import { exact } from "./exact.ts";
import type { Fixture } from "./fixture.ts";

interface Case {
  layer_decay: number | null;
  weight_decay: number;
  num_layers: number;
  values: number[] | null;
  n_groups: number;
  param_shapes: Record<string, Shape>;
  "params_[layer_id,lr_scale,weight_decay]": Record<string, [layer: number | null, lrScale: number, weightDecay: number]>;
}

export function paramGroups({ manifest }: Fixture, _device: Device, check: Check): Promise<void> {
  for (const [name, c] of Object.entries(manifest.cases as Record<string, Case>)) {
    const groups = parameterGroups(c.param_shapes, { depth: c.num_layers, layerDecay: c.layer_decay ?? undefined });
    const wanted = c["params_[layer_id,lr_scale,weight_decay]"];
    exact(check, `${name}: names`, Object.keys(groups).sort(), Object.keys(wanted).sort());
    for (const [parameter, [layer, lrScale, weightDecay]] of Object.entries(wanted)) {
      const got = groups[parameter];
      if (!got) continue;
      exact(check, `${name}: decay of ${parameter}`, [got.decay ? c.weight_decay : 0], [weightDecay]);
      if (layer !== null) exact(check, `${name}: layer of ${parameter}`, [got.layer], [layer]);
      check.close(`${name}: factor of ${parameter}`, [got.lrScale], [lrScale], { rtol: 1e-12, atol: 1e-12 });
    }
    const distinct = new Set(Object.values(groups).map(({ decay, layer }) => c.layer_decay === null ? decay : `${decay} ${layer}`));
    exact(check, `${name}: number of groups`, [distinct.size], [c.n_groups]);
  }
  return Promise.resolve();
}
