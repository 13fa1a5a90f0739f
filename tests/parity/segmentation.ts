// Kind "hf_beit_seg": a BEiT with the UPerNet head from a Hugging Face folder: the tapped maps, scores, loss, gradients.

import { join } from "node:path";
import { loadSegmentation } from "../../src/checkpoint/beit/mod.ts";
import { asStored, toOfficial } from "../../src/checkpoint/names/mod.ts";
import type { Device } from "../../src/devices/device.ts";
import { CheckpointError } from "../../src/errors.ts";
import { gradients } from "../../src/gradients.ts";
import { input, type Tensor } from "../../src/graph.ts";
import { beit } from "../../src/models/beit.ts";
import { pixelWeights, segmentationLoss } from "../../src/models/segmentation.ts";
import { tapped, upernet } from "../../src/models/upernet.ts";
import { statistics } from "../../src/nn/conv_norm.ts";
import { parameters } from "../../src/nn/parameters.ts";
import { compile } from "../../src/program.ts";
import type { Check } from "./check.ts";
import { exact } from "./exact.ts";
import type { Fixture } from "./fixture.ts";
import { folderOf } from "./hf_beit.ts";

export async function hfSegmentation({ directory, manifest, shapes, values }: Fixture, device: Device, check: Check): Promise<void> {
  const { config, head, ignoreIndex, table, statistics: running } = await loadSegmentation(join(directory, folderOf(manifest)));
  if (head.kind !== "upernet") throw new CheckpointError(`${directory}: has a ${head.kind} head; give one with UPerNet`);
  exact(check, "taps", head.taps, manifest.hidden_state_indices_used);
  const p = { ...parameters(table), ...statistics(running) };

  const pictures = input("pixel_values", shapes.get("pixel_values")!), encoded = beit(p, pictures, config);
  const labels = input("labels", shapes.get("labels")!, "u32"), weights = input("weights", labels.shape);
  const segmented = upernet(p, encoded, head), { loss } = segmentationLoss(segmented, labels, weights, head.auxiliary?.lossWeight);
  const names = Object.keys(table), grads = gradients(loss, names.map((name) => p[name]));
  const outputs: Record<string, Tensor> = { logits: segmented.logits, loss };
  tapped(encoded, head.taps).forEach((map, i) => outputs[`map ${i}`] = map);
  names.forEach((name, i) => outputs[name] = grads[i]);

  const program = await compile(device, outputs), { forward, loss: ofLoss, grad } = manifest.tolerance!;
  try {
    const given = values("labels");
    program.write({ pixel_values: values("pixel_values"), labels: given, weights: pixelWeights(given, ignoreIndex) });
    program.run();
    check.close("logits", await program.read("logits"), values("logits"), forward);
    check.close("loss", await program.read("loss"), values("loss"), ofLoss);
    for (const i of head.taps.keys()) {
      const [B, N, C] = shapes.get(`feature_in.${i}`)!, got = await program.read(`map ${i}`);
      const tokens = values(`feature_in.${i}`).map((_, at) => got[(Math.floor(at / (N * C)) * C + at % C) * N + Math.floor(at / C) % N]);
      check.close(`feature_in.${i} of ${B}`, tokens, values(`feature_in.${i}`), forward);
    }
    const expected = toOfficial(asStored(gradientsOf({ shapes, values })));
    exact(check, "names of gradients", [...expected.keys()].sort(), [...names].sort());
    for (const [name, want] of expected) check.close(`grad.${name}`, await program.read(name), await want.readFloat32(), grad);
  } finally {
    program.destroy();
  }
}

/** The fixture's gradients by parameter, in Hugging Face's names. */
function gradientsOf({ shapes, values }: Pick<Fixture, "shapes" | "values">) {
  const found = [...shapes].filter(([name]) => name.startsWith("grad."));
  return Object.fromEntries(found.map(([name, shape]) => [name.slice(5), { shape, data: Float32Array.from(values(name)) }]));
}
