import { expect, test } from "bun:test";
import { crossEntropyAndAccuracy, randomSource } from "../../kernels/mod.ts";
import { gradients } from "../gradients.ts";
import { input } from "../graph.ts";
import { parameters } from "../nn/parameters.ts";
import { adamw } from "../optim/adamw.ts";
import { plan } from "../plan.ts";
import { beit, beitParams } from "./beit.ts";
import { beitConfig, presets } from "./beit_config.ts";
import { maskedLogits } from "./beit_heads.ts";

/** A whole pre-training step of BEiT-B at 224, planned for a device with WebGPU's default limits; nothing runs. */
function planned(B: number, recompute: boolean) {
  const config = beitConfig(presets.base), table = beitParams(config), p = parameters(table), M = 75 * B;
  const encoded = beit(p, input("pictures", [B, 3, 224, 224]), config, { mask: input("mask", [B, 196]), random: randomSource() });
  const logits = maskedLogits(p, encoded, input("rows", [M], "u32"), config);
  const { loss, accuracy } = crossEntropyAndAccuracy(logits, input("labels", [M], "u32"), { weights: input("weights", [M]) });
  const grads = gradients(loss, Object.values(p), undefined, recompute ? encoded.blocks : undefined);
  const { updates, gradNorm } = adamw(p, grads, { table, clip: 3 });
  return plan([loss, accuracy, gradNorm], updates, { maxBindingBytes: 2 ** 27, maxBufferBytes: 2 ** 28 });
}

const GiB = 2 ** 30;

test("a training step of BEiT-B with 32 pictures plans under 5 GiB, and under 2.5 GiB with recomputation", () => {
  const [kept, recomputed] = [planned(32, false), planned(32, true)];
  console.log(`BEiT-B, batch 32: ${(kept.bytes / GiB).toFixed(2)} GiB, recomputed ${(recomputed.bytes / GiB).toFixed(2)} GiB`);
  expect(kept.bytes).toBeLessThan(5 * GiB);
  expect(recomputed.bytes).toBeLessThan(2.5 * GiB);
});
