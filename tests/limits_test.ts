// Whole training steps and inference where only what WebGPU guarantees may be used (8 storage buffers, 16 KB of workgroup memory, 128 MiB a
// binding, no optional feature), with each fast path off, and the same step twice: no result depends on an order that nobody fixed.

import { expect, test } from "bun:test";
import { crossEntropy, randomSource } from "../kernels/mod.ts";
import { CpuDevice, type CpuOptions } from "../src/devices/cpu.ts";
import { openDawn } from "../src/devices/dawn.ts";
import type { Device } from "../src/devices/device.ts";
import type { GpuDevice } from "../src/devices/gpu.ts";
import { openNative } from "../src/devices/native.ts";
import { gradients } from "../src/gradients.ts";
import { input, type Tensor } from "../src/graph.ts";
import { beit, beitParams } from "../src/models/beit.ts";
import { beitConfig } from "../src/models/beit_config.ts";
import { classLogits, maskedLogits } from "../src/models/beit_heads.ts";
import { tokenizer, tokenizerConfig, tokenizerPresets } from "../src/models/tokenizer.ts";
import { parameters, type ParamSpec } from "../src/nn/parameters.ts";
import { adamw } from "../src/optim/adamw.ts";
import { compile } from "../src/program.ts";
import { tokenizerObjective } from "../src/train/tokenizer_objective.ts";

const B = 2, steps = 2, kind = "Deno" in globalThis ? "native" : "dawn";
const openWebGpu = () => kind === "native" ? openNative({ defaultLimits: true }) : openDawn({ defaultLimits: true });

interface Training {
  p: Record<string, Tensor>;
  table: Record<string, ParamSpec>;
  loss: Tensor;
  values: Record<string, ArrayLike<number>>;
}

const open = () => openWebGpu().catch((error: Error) => error.message);
const apart = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a, (value, i) => Math.abs(value - b[i]) / (1 + Math.abs(b[i])));

const spread = (size: number, of: number) => Uint32Array.from({ length: size }, (_, i) => (i * 7919) % of);
const pictureValues = (size: number) => Float32Array.from(spread(size, 256), (value) => value / 255);

/** Two blocks of the "mini" size, with everything that BEiT's pre-training has: shared bias, layer scale, drop path, mask, vocabulary. */
function pretraining(): Training {
  const config = beitConfig({
      imageSize: 64,
      patchSize: 8,
      dim: 192,
      depth: 2,
      heads: 3,
      vocab: 8192,
      dropPath: 0.2,
    }),
    N = 64,
    masked = 26;
  const table = beitParams(config),
    p = parameters(table),
    rows = input("rows", [B * masked], "u32");
  const encoded = beit(p, input("pictures", [B, 3, 64, 64]), config, {
    mask: input("mask", [B, N]),
    random: randomSource(),
  });
  const chosen = Uint32Array.from(
    { length: B * masked },
    (_, i) => Math.floor(i / masked) * N + (i % masked) * 2,
  );
  return {
    p,
    table,
    loss: crossEntropy(
      maskedLogits(p, encoded, rows, config),
      input("targets", [B * masked], "u32"),
    ),
    values: {
      pictures: pictureValues(B * 3 * 64 * 64),
      mask: Float32Array.from(
        { length: B * N },
        (_, i) => chosen.includes(i) ? 1 : 0,
      ),
      rows: chosen,
      targets: spread(B * masked, 8192),
    },
  };
}

function tokenizerTraining(): Training {
  const model = tokenizer(tokenizerConfig(tokenizerPresets.tiny)),
    p = parameters(model.params);
  const objective = tokenizerObjective(
    model,
    p,
    input("pictures", [B, 3, 32, 32]),
    randomSource(),
  );
  const at = objective.inputs({ temperature: 0.9, kl: 1, usage: 1 });
  return {
    p,
    table: model.params,
    loss: objective.loss,
    values: {
      pictures: pictureValues(B * 3 * 32 * 32),
      ...Object.fromEntries(
        Object.entries(at).map(([name, value]) => [name, [value]]),
      ),
    },
  };
}

/** The losses of the first steps and every parameter after them, from a program of its own. */
async function trained(
  device: Device,
  make: () => Training,
): Promise<{ losses: number[]; values: Float32Array }> {
  const { p, table, loss, values } = make(),
    optimizer = adamw(p, gradients(loss, Object.values(p)), { table, clip: 1 });
  const program = await compile(device, { loss }, {
      updates: optimizer.updates,
    }),
    losses: number[] = [];
  try {
    for (let step = 0; step < steps; step++) {
      program.write({
        ...values,
        random: [1, step],
        ...optimizer.values({ step, lr: 1e-3, weightDecay: 0.05 }),
      });
      program.run();
      losses.push(await program.readNumber("loss"));
    }
    return {
      losses,
      values: await program.read("parameters 0") as Float32Array,
    };
  } finally {
    program.destroy();
  }
}

for (
  const [name, make] of Object.entries({
    "BEiT's pre-training": pretraining,
    "a dVAE's training": tokenizerTraining,
  })
) {
  test(
    `${name} runs on WebGPU's default limits as on the CPU device, and gives the same bits twice on both`,
    async () => {
      const cpu = await CpuDevice.open({ threads: 2 });
      const [wanted, again] = [
        await trained(cpu, make),
        await trained(cpu, make),
      ];
      await cpu.destroy();
      expect(again).toEqual(wanted);
      expect(wanted.losses[1]).not.toBe(wanted.losses[0]); // the step did something

      const device: GpuDevice | string = await open();
      if (typeof device === "string") return console.log(device);
      const {
        maxStorageBuffersPerShaderStage,
        maxComputeWorkgroupStorageSize,
        maxStorageBufferBindingSize,
      } = device.gpu.limits;
      expect([
        maxStorageBuffersPerShaderStage,
        maxComputeWorkgroupStorageSize,
        maxStorageBufferBindingSize,
      ]).toEqual([8, 16384, 2 ** 27]);
      const [given, twice] = [
        await trained(device, make),
        await trained(device, make),
      ];
      await device.destroy();
      expect(twice).toEqual(given);
      given.losses.forEach((loss, i) =>
        expect(Math.abs(loss - wanted.losses[i]) / wanted.losses[i])
          .toBeLessThan(
            1e-4,
          )
      );
    },
    120_000,
  );
}

test(
  "a classifier's forward pass gives on WebGPU's default limits what it gives on the CPU device",
  async () => {
    const config = beitConfig({
      imageSize: 64,
      patchSize: 8,
      dim: 192,
      depth: 2,
      heads: 3,
      classes: 10,
      absolutePositions: true,
    });
    const classify = async (device: Device) => {
      const p = parameters(beitParams(config)),
        y = classLogits(
          p,
          beit(p, input("pictures", [B, 3, 64, 64]), config),
          config,
        );
      const program = await compile(device, { y });
      program.write({ pictures: pictureValues(B * 3 * 64 * 64) });
      program.run();
      const values = await program.read("y");
      await device.destroy();
      return values;
    };
    const wanted = await classify(await CpuDevice.open({ threads: 2 }));
    expect(new Set(wanted).size).toBe(config.classes); // both pictures are the same
    const device = await open();
    if (typeof device === "string") return console.log(device);
    expect(Math.max(...apart(await classify(device), wanted))).toBeLessThan(
      1e-4,
    );
  },
  60_000,
);

/** Each takes something from the fastest device: threads, shared memory, or its own matrix product. */
const others: Record<string, CpuOptions> = {
  "one thread": { threads: 1 },
  "memory of its own": { shared: false },
  "a system's BLAS": { blas: true },
};

for (
  const [name, make] of Object.entries({
    "BEiT's pre-training": pretraining,
    "a dVAE's training": tokenizerTraining,
  })
) {
  test(
    `${name} on the CPU device is the same with each of its fast paths off`,
    async () => {
      const results = [];
      for (const options of [{ threads: 3 }, ...Object.values(others)]) {
        const device = await CpuDevice.open(options).catch((error: Error) => console.log(error.message));
        results.push(device ? await trained(device, make) : undefined);
        await device?.destroy();
      }
      const [wanted, alone, unshared, blas] = results;
      expect(alone).toEqual(wanted);
      expect(unshared).toEqual(wanted);
      if (blas) {
        expect(Math.max(...apart(blas.losses, wanted!.losses))).toBeLessThan(
          1e-4,
        );
      }
    },
    120_000,
  );
}
