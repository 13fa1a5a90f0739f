import { expect, test } from "bun:test";
import { type Provider, providers } from "../../tests/providers.ts";
import { randomSource } from "../../kernels/mod.ts";
import { gradients } from "../gradients.ts";
import { input, type Tensor } from "../graph.ts";
import { statistics } from "../nn/conv_norm.ts";
import { parameters, type ParamSpec } from "../nn/parameters.ts";
import { adamw } from "../optim/adamw.ts";
import { compile } from "../program.ts";
import { beit, beitParams } from "./beit.ts";
import { beitConfig } from "./beit_config.ts";
import { linearSegmentation, linearSegmentationParams, pixelScores, pixelWeights, segmentationLoss } from "./segmentation.ts";
import { officialTaps, type Segmented, upernet, upernetConfig, upernetParams, upernetStatistics } from "./upernet.ts";

const encoder = beitConfig({ imageSize: 32, patchSize: 8, dim: 16, depth: 3, heads: 2, relativePositions: "per-block", dropPath: 0 });
const head = upernetConfig({ dim: 16, classes: 3, taps: officialTaps(3), dropout: 0, auxiliary: { channels: 8, concatInput: true } });
const B = 2, pixels = 32 * 32;

/** Pictures whose pixels' colours are their classes, in stripes; one pixel in seven has no label. */
const labels = Uint32Array.from({ length: B * pixels }, (_, i) => i % 7 === 3 ? 255 : Math.floor((i % pixels) / 32 / 11) % 3);
const pictures = Float32Array.from({ length: B * 3 * pixels }, (_, i) => {
  const b = Math.floor(i / (3 * pixels)), channel = Math.floor(i / pixels) % 3, row = Math.floor((i % pixels) / 32);
  return Number(channel === Math.floor(row / 11) % 3) + 0.3 * Math.sin(i + b);
});

const x = input("pictures", [B, 3, 32, 32]), y = input("labels", [B, 32, 32], "u32"), counted = input("weights", [B, 32, 32]);
const given = { pictures, labels, weights: pixelWeights(labels) };

type Make = (p: Record<string, Tensor>, training: boolean) => Segmented;

/** Steps on two pictures, then the same pictures in evaluation. */
async function train(open: Provider["open"], steps: number, table: Record<string, ParamSpec>, make: Make) {
  const p = parameters({ ...beitParams(encoder), ...table }, { seed: 3 });
  const segmented = make(p, true), { loss } = segmentationLoss(segmented, y, counted);
  const optimizer = adamw(p, gradients(loss, Object.values(p)), { clip: 3 });
  const program = await compile(await open(), { loss }, { updates: [...optimizer.updates, ...segmented.updates] });
  const evaluation = await compile(await open(), { ...segmentationLoss(make(p, false), y, counted) }, { share: program });
  try {
    for (let step = 0; step < steps; step++) {
      program.write({ ...given, ...program.inputs.includes("random") && { random: [1, step] }, ...optimizer.values({ step, lr: 5e-3 }) });
      program.run();
    }
    evaluation.write(given);
    evaluation.run();
    const [after, accuracy] = [await evaluation.readNumber("loss"), await evaluation.readNumber("accuracy")];
    return { loss: await program.readNumber("loss"), after, accuracy };
  } finally {
    evaluation.destroy();
    program.destroy();
  }
}

function trainUpernet(open: Provider["open"], steps: number) {
  const running = statistics(upernetStatistics(head)), random = randomSource();
  const make: Make = (p, training) => upernet({ ...p, ...running }, beit(p, x, encoder), head, training ? { random } : {});
  return train(open, steps, upernetParams(head), make);
}

const cpu = providers.find(({ name }) => name === "cpu")!;

test("UPerNet learns two pictures, and its running statistics serve in evaluation", async () => {
  const { loss, accuracy } = await trainUpernet(cpu.open, 40);
  expect(loss).toBeLessThan(0.5); // of 1.4 * ln 3 = 1.54 at the start
  expect(accuracy).toBeGreaterThan(0.9);
});

test("the light head learns two pictures", async () => {
  const config = { dim: 16, classes: 3, block: 3 }, table = linearSegmentationParams(config);
  const { loss, accuracy } = await train(cpu.open, 40, table, (p) => linearSegmentation(p, beit(p, x, encoder), config));
  expect(loss).toBeLessThan(0.5);
  expect(accuracy).toBeGreaterThan(0.85);
});

for (const { name, open } of providers.filter((provider) => provider !== cpu)) {
  test(`three steps of UPerNet on ${name} leave the weights and statistics of the CPU device`, async () => {
    const [got, wanted] = [await trainUpernet(open, 3), await trainUpernet(cpu.open, 3)];
    expect(got.loss / wanted.loss).toBeCloseTo(1, 3);
    expect(got.after / wanted.after).toBeCloseTo(1, 3);
  });
}

for (const { name, open } of providers) {
  test(`segmentationLoss() is the mean over labelled pixels alone, on ${name}`, async () => {
    const scores = input("scores", [B, 3, 4, 4]), auxiliary = input("auxiliary", [B, 3, 2, 2]);
    const outputs = {
      ...segmentationLoss({ logits: scores, auxiliary, updates: [] }, y, counted, 0.25),
      large: pixelScores(scores, [32, 32]),
      largeAuxiliary: pixelScores(auxiliary, [32, 32]),
    };
    const program = await compile(await open(), outputs);
    try {
      const { labels, weights } = given, random = (size: number) => Float32Array.from({ length: size }, (_, i) => 3 * Math.sin(i * i));
      program.write({ labels, weights, scores: random(scores.size), auxiliary: random(auxiliary.size) });
      program.run();
      const [main, helping] = [await program.read("large"), await program.read("largeAuxiliary")].map(meanCrossEntropy);
      expect(await program.readNumber("loss")).toBeCloseTo(main.loss + 0.25 * helping.loss, 5);
      expect(await program.readNumber("accuracy")).toBeCloseTo(main.accuracy, 6);
    } finally {
      program.destroy();
    }
  });
}

/** In float64, of scores (B, 3, 32, 32). */
function meanCrossEntropy(scores: ArrayLike<number>): { loss: number; accuracy: number } {
  let loss = 0, right = 0, count = 0;
  labels.forEach((label, i) => {
    if (label === 255) return;
    const row = [0, 1, 2].map((k) => scores[(Math.floor(i / pixels) * 3 + k) * pixels + i % pixels]);
    loss += Math.log(row.reduce((sum, v) => sum + Math.exp(v), 0)) - row[label];
    right += Number(Math.max(...row) === row[label]);
    count++;
  });
  return { loss: loss / count, accuracy: right / count };
}

test("officialTaps() are those of the published models", () => {
  expect(officialTaps(12)).toEqual([4, 6, 8, 12]); // blocks 3, 5, 7, 11 counted from 0
  expect(officialTaps(24)).toEqual([8, 12, 16, 24]);
});

test("a configuration and a tap that do not exist are refused by name", () => {
  expect(() => upernetConfig({ dim: 16, classes: 3, taps: [1, 2, 3] }, "recipe")).toThrow(/^recipe: .*taps/s);
  const p = parameters({ ...upernetParams(head), ...upernetStatistics(head) });
  const blocks = [0, 1, 2, 3].map((l) => input(`block ${l}`, [1, 17, 16]));
  expect(() => upernet(p, { blocks, window: [4, 4] }, { ...head, taps: [1, 2, 3, 4] })).toThrow(/no block 4 to tap, the model has 3/);
});
