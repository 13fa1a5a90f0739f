// Kinds "beit_mim" and "beit_cls": the official models. Activations after each block, predictions, losses and every gradient.

import { crossEntropy, crossEntropyAndAccuracy, layerNorm, slice } from "../../kernels/mod.ts";
import type { Device } from "../../src/devices/device.ts";
import { gradients } from "../../src/gradients.ts";
import { input, type Tensor } from "../../src/graph.ts";
import { beit, beitParams, type Encoded } from "../../src/models/beit.ts";
import { type BeitConfig, beitConfig } from "../../src/models/beit_config.ts";
import { classLogits, features, maskedLogits } from "../../src/models/beit_heads.ts";
import { parameters, type ParamSpec } from "../../src/nn/parameters.ts";
import { adamw } from "../../src/optim/adamw.ts";
import { compile } from "../../src/program.ts";
import type { Check } from "./check.ts";
import type { Fixture, Tolerance } from "./fixture.ts";
import { weightFiles } from "./weight_files.ts";

/** The configuration that a manifest gives in the official code's words. */
// deno-lint-ignore no-explicit-any
export function officialConfig(c: any, name: string): BeitConfig {
  return beitConfig({
    imageSize: c.img_size,
    patchSize: c.patch_size,
    channels: c.in_chans,
    dim: c.embed_dim,
    depth: c.depth,
    heads: c.num_heads,
    mlpRatio: c.mlp_ratio,
    absolutePositions: c.use_abs_pos_emb ?? false,
    relativePositions: c.use_shared_rel_pos_bias ? "shared" : c.use_rel_pos_bias ? "per-block" : "none",
    layerScale: c.init_values || null,
    pooling: c.use_mean_pooling ?? true ? "mean" : "class-token",
    normEps: c.eps,
    vocab: c.vocab_size,
    classes: c.num_classes,
  }, name);
}

/** The model's table with the start values of the fixture's tensors of the same names. */
export function given(config: BeitConfig, { values }: Pick<Fixture, "values">): Record<string, ParamSpec> {
  return Object.fromEntries(Object.entries(beitParams(config)).map(([name, spec]) => [name, { ...spec, init: values(name) }]));
}

export interface Comparison {
  label: string;
  tensor: Tensor;
  want: ArrayLike<number>;
  tolerance: Tolerance;
}

/** Runs once and compares the first values of each tensor with those wanted; what lies beyond is padding. */
export async function compare(
  device: Device,
  check: Check,
  inputs: Record<string, ArrayLike<number>>,
  comparisons: readonly Comparison[],
): Promise<void> {
  const program = await compile(device, Object.fromEntries(comparisons.map(({ label, tensor }) => [label, tensor])));
  try {
    program.write(inputs);
    program.run();
    for (const { label, want, tolerance } of comparisons) {
      check.close(label, (await program.read(label)).subarray(0, want.length), want, tolerance);
    }
  } finally {
    program.destroy();
  }
}

export async function beitMim(fixture: Fixture, device: Device, check: Check): Promise<void> {
  const { manifest, shapes, values } = fixture, tolerance = manifest.tolerance!;
  const config = officialConfig(manifest.config, manifest.name), params = parameters(given(config, fixture));
  const mask = values("bool_masked_pos"), masked = [...mask.keys()].filter((i) => mask[i]), labels = values("masked_labels");
  // Padded, as batches of different counts are: the numbers and labels there must not matter.
  const padding = 3, M = masked.length + padding;
  const pictures = input("pictures", shapes.get("pixel_values")!), maskInput = input("mask", shapes.get("bool_masked_pos")!);
  const rows = input("rows", [M], "u32"), every = input("every", [mask.length], "u32"), targets = input("targets", [M], "u32");
  const weights = input("weights", [M]);
  const encoded = beit(params, pictures, config, { mask: maskInput });
  const logits = maskedLogits(params, encoded, rows, config), { loss, accuracy } = crossEntropyAndAccuracy(logits, targets, { weights });
  const last = encoded.blocks[config.depth], everyGradient = gradients(loss, Object.values(params));
  const plain = beit({ ...params, pos_embed: undefined! }, pictures, config).blocks[0]; // patches as they are embedded
  await compare(device, check, {
    pictures: values("pixel_values"),
    mask,
    rows: [...masked, ...Array(padding).fill(0)],
    every: mask.map((_, i) => i),
    targets: [...labels, ...Array(padding).fill(0xffffffff)],
    weights: [...labels].map(() => 1).concat(Array(padding).fill(0)),
  }, [
    ...activations(encoded, fixture),
    ...named(fixture, tolerance.forward, {
      patch_embed: slice(plain, 1, 1),
      norm_out: layerNorm(last, params["norm.weight"], params["norm.bias"], config.normEps),
      logits_masked: logits,
      logits_all: maskedLogits(params, encoded, every, config),
    }),
    ...named(fixture, tolerance.loss, { loss, mim_accuracy: accuracy }),
    ...named(fixture, tolerance.grad, { grad_norm: adamw(params, everyGradient).gradNorm }),
    ...gradientsOf(loss, params, fixture, "grad."),
    ...gradientsOf(loss, params, fixture, "grad.", encoded.blocks),
  ]);
  for (const { file, table } of await weightFiles(fixture, config, check)) {
    const again = parameters(table), logits = maskedLogits(again, beit(again, pictures, config, { mask: maskInput }), every, config);
    const given = { pictures: values("pixel_values"), mask, every: mask.map((_, i) => i) };
    await compare(device, check, given, [{
      label: `${file}: logits_all`,
      tensor: logits,
      want: values("logits_all"),
      tolerance: tolerance.forward,
    }]);
  }
}

export async function beitCls(fixture: Fixture, device: Device, check: Check): Promise<void> {
  const { manifest, shapes, values } = fixture, tolerance = manifest.tolerance!;
  const config = officialConfig(manifest.config, manifest.name), params = parameters(given(config, fixture));
  const pictures = input("pictures", shapes.get("pixel_values")!), labels = input("labels", shapes.get("labels")!, "u32");
  const soft = input("soft targets", shapes.get("soft_targets")!);
  const encoded = beit(params, pictures, config), logits = classLogits(params, encoded, config);
  const loss = crossEntropy(logits, labels, { smoothing: manifest.config.label_smoothing }), softLoss = crossEntropy(logits, soft);
  await compare(device, check, {
    pictures: values("pixel_values"),
    labels: values("labels"),
    "soft targets": values("soft_targets"),
  }, [
    ...activations(encoded, fixture),
    ...named(fixture, tolerance.forward, { features: features(params, encoded, config), logits }),
    ...named(fixture, tolerance.loss, { loss, loss_soft_target: softLoss }),
    ...gradientsOf(loss, params, fixture, "grad."),
    ...gradientsOf(softLoss, params, fixture, "gradsoft."),
  ]);
}

/** Tensors under the names that the fixture has them by; what it has not is left out. */
function named({ shapes, values }: Fixture, tolerance: Tolerance, tensors: Record<string, Tensor>): Comparison[] {
  return Object.entries(tensors).filter(([label]) => shapes.has(label)).map(([label, tensor]) => ({
    label,
    tensor,
    want: values(label),
    tolerance,
  }));
}

function activations({ blocks }: Encoded, { manifest, shapes, values }: Fixture): Comparison[] {
  return blocks.slice(1).map((tensor, l) => ({ label: `act.block_${l}`, tensor })).filter(({ label }) => shapes.has(label))
    .map(({ label, tensor }) => ({ label, tensor, want: values(label), tolerance: manifest.tolerance!.forward }));
}

/** Every gradient that the fixture has; with `recompute` those of a second forward pass of each block. */
function gradientsOf(
  loss: Tensor,
  params: Record<string, Tensor>,
  { manifest, shapes, values }: Fixture,
  prefix: string,
  recompute?: readonly Tensor[],
): Comparison[] {
  const names = Object.keys(params).filter((name) => shapes.has(prefix + name));
  const made = gradients(loss, names.map((name) => params[name]), undefined, recompute);
  return names.map((name, i) => ({
    label: (recompute ? "recomputed " : "") + prefix + name,
    tensor: made[i],
    want: values(prefix + name),
    tolerance: manifest.tolerance!.grad,
  }));
}
