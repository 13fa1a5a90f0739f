// deno run -A bench/vae_mnist.ts DIR [--epochs 6] [--objective elbo|no-kl|prior] [--form mlp|conv] [--device cpu|native|dawn]
// The Gaussian VAE with 2 latents on MNIST's IDX files: held-out loss a picture, and sigma, after each epoch.

import process from "node:process";
import { parseArgs } from "node:util";
import { readIdx } from "../src/data/datasets/idx.ts";
import { epochOrder } from "../src/data/order.ts";
import { type DeviceKind, openDevice } from "../src/devices/mod.ts";
import { gradients } from "../src/gradients.ts";
import { exp, mean, multiply, randomSource } from "../kernels/mod.ts";
import { constant, input } from "../src/graph.ts";
import { vaeConfig, vaeLoss, type VaeLossOptions, vaeParams, vaePresets } from "../src/models/vae.ts";
import { parameters } from "../src/nn/parameters.ts";
import { adamw } from "../src/optim/adamw.ts";
import { cosineSchedule } from "../src/optim/schedules.ts";
import { compile } from "../src/program.ts";

const B = 50, AREA = 28 * 28;

const { values: options, positionals: [folder] } = parseArgs({
  allowPositionals: true,
  options: {
    epochs: { type: "string", default: "6" },
    objective: { type: "string", default: "elbo" },
    form: { type: "string", default: "mlp" },
    lr: { type: "string", default: "0.0015" },
    device: { type: "string", default: "cpu" },
  },
});
if (!folder) {
  console.error("vae_mnist: give the folder of train-images-idx3-ubyte(.gz) and t10k-images-idx3-ubyte(.gz)");
  process.exit(2);
}

const [train, test] = await Promise.all(
  ["train", "t10k"].map(async (set) => (await readIdx(`${folder}/${set}-images-idx3-ubyte.gz`)).data),
);
const device = await openDevice({ device: options.device as DeviceKind, log: console.log });
const config = vaeConfig(options.form === "conv" ? vaePresets["mnist-conv"] : vaePresets["mnist-mlp"]), table = vaeParams(config);
const p = parameters(table, { seed: 0 }), pictures = input("pictures", [B, 1, 28, 28]);
const made = vaeLoss(p, pictures, config, randomSource(), options as VaeLossOptions);
// Without the posterior the encoder takes no part in the loss.
const learning = Object.fromEntries(Object.entries(p).filter(([name]) => options.objective !== "prior" || /^(dec|up)/.test(name)));
const optimizer = adamw(learning, gradients(made.loss, Object.values(learning)), { table });
const outputs = { reconstruction: made.reconstruction, kl: made.kl, sigma: mean(exp(multiply(made.logvar, constant("half", [1], [0.5])))) };
const step = await compile(device, { loss: made.loss }, { updates: optimizer.updates }),
  measure = await compile(device, outputs, { share: step });

const perEpoch = train.length / AREA / B, steps = Math.round(Number(options.epochs) * perEpoch);
const rate = cosineSchedule({ base: Number(options.lr), final: 1e-5, steps, warmup: 100 });
const batch = (from: Uint8Array, indices: ArrayLike<number>) => {
  const values = new Float32Array(B * AREA);
  for (let b = 0; b < B; b++) for (let i = 0; i < AREA; i++) values[b * AREA + i] = from[indices[b] * AREA + i] / 255;
  return values;
};
const started = performance.now();
let order: Uint32Array = new Uint32Array(0);
for (let i = 0; i < steps; i++) {
  const epoch = Math.floor(i / perEpoch), place = i % perEpoch;
  if (place === 0) order = epochOrder(train.length / AREA, { seed: 0, epoch, shuffle: true });
  step.write({
    pictures: batch(train, order.subarray(place * B, (place + 1) * B)),
    random: [0, i],
    ...optimizer.values({ step: i, lr: rate(i) }),
  });
  step.run();
  if (place + 1 < perEpoch && i + 1 < steps) continue;
  const sums = { reconstruction: 0, kl: 0, sigma: 0 }, batches = test.length / AREA / B;
  for (let b = 0; b < batches; b++) {
    measure.write({ pictures: batch(test, Array.from({ length: B }, (_, n) => b * B + n)), random: [1, b] });
    measure.run();
    for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += await measure.readNumber(name) / batches;
  }
  const { reconstruction, kl, sigma } = sums, seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(
    `epoch ${epoch + 1}: held-out loss ${(reconstruction + kl).toFixed(2)} a picture (reconstruction ${reconstruction.toFixed(2)}, KL ${
      kl.toFixed(2)
    }), sigma ${sigma.toFixed(4)}, ${seconds} s`,
  );
}
await device.destroy();
