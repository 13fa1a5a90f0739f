import { expect, test } from "bun:test";
import { add, crossEntropy, l2Loss, Random } from "../../kernels/mod.ts";
import { expectClose } from "../../tests/check_op.ts";
import { providers } from "../../tests/providers.ts";
import { ShapeError } from "../errors.ts";
import { gradients } from "../gradients.ts";
import { input, makers, startValues, storage, type Tensor } from "../graph.ts";
import { interpret } from "../interpret.ts";
import { parameters } from "../nn/parameters.ts";
import { adamw } from "../optim/adamw.ts";
import { philox4x32 } from "../philox.ts";
import { compile } from "../program.ts";
import { beit, beitParams, dropPathRates } from "./beit.ts";
import { attentionMap } from "./beit_attention.ts";
import { type BeitConfig, beitConfig, type BeitOptions } from "./beit_config.ts";
import { aggregatedLogits, classLogits, embedding, features, maskedLogits, maskedPixels } from "./beit_heads.ts";

const small = { imageSize: 8, patchSize: 4, dim: 12, depth: 2, heads: 2 } satisfies BeitOptions;
const numbers = (size: number, stream = 0) =>
  Float32Array.from({ length: size }, (_, i) => philox4x32([i, stream, 0, 0], [3, 3])[0] / 2 ** 31 - 1);

/** Parameters of the size that a trained model has, so that no gradient is hidden by start values of 0. */
function lively(config: BeitConfig): Record<string, Tensor> {
  const table = Object.entries(beitParams(config)).map(([name, { shape }], n) => {
    const one = /norm\d?\.weight$|gamma/.test(name) ? 1 : 0;
    return [name, { shape, init: numbers(shape.reduce((a, b) => a * b, 1), n + 1).map((v) => one + 0.3 * v) }] as const;
  });
  return parameters(Object.fromEntries(table));
}

interface Case {
  options: BeitOptions;
  loss(p: Record<string, Tensor>, pictures: Tensor, config: BeitConfig): { loss: Tensor; blocks: Tensor[] };
  /** Values of the inputs beside the pictures. */
  inputs: Record<string, ArrayLike<number>>;
}

const rows = () => input("rows", [3], "u32"), labels = (n: number) => input("labels", [n], "u32");
// What the fixtures of the official code do not hold: they check everything else.
const cases: Record<string, Case> = {
  "BEiT v2's two predictions": {
    options: { ...small, depth: 3, vocab: 5, aggregation: { earlyBlock: 2, blocks: 1, sharedHead: false } },
    loss(p, pictures, config) {
      const encoded = beit(p, pictures, config, { mask: input("mask", [2, 4]) }), places = rows(), wanted = labels(3);
      const predictions = [maskedLogits(p, encoded, places, config), aggregatedLogits(p, encoded, places, config)];
      return { ...encoded, loss: predictions.map((logits) => crossEntropy(logits, wanted)).reduce((a, b) => add(a, b)) };
    },
    inputs: { mask: [0, 1, 0, 1, 1, 0, 0, 0], rows: [1, 3, 4], labels: [4, 0, 2] },
  },
  "pixels, with random and unchanged patches among the masked": {
    options: { ...small, targets: "pixels", relativePositions: "none", absolutePositions: true },
    loss(p, pictures, config) {
      const encoded = beit(p, pictures, config, { mask: input("mask", [2, 4]), source: input("source", [2, 4], "u32") });
      return { ...encoded, loss: l2Loss(maskedPixels(p, encoded, rows(), config), input("pixels", [3, 48])) };
    },
    inputs: { mask: [0, 1, 0, 0, 1, 0, 0, 0], source: [0, 1, 2, 0, 4, 5, 6, 7], rows: [1, 3, 4], pixels: numbers(144, 77) },
  },
  "classes by the class token in a window that is no square, with stochastic depth": {
    options: { ...small, imageSize: [8, 12], classes: 3, pooling: "class-token", relativePositions: "per-block", dropPath: 0.5 },
    loss(p, pictures, config) {
      const encoded = beit(p, pictures, config, { random: new Random(input("random", [2], "u32")) });
      return { ...encoded, loss: crossEntropy(classLogits(p, encoded, config), labels(2), { smoothing: 0.1 }) };
    },
    inputs: { random: [7, 3], labels: [2, 0] },
  },
};

for (const [name, { options, loss: lossOf, inputs }] of Object.entries(cases)) {
  const build = () => {
    const config = beitConfig(options), p = lively(config), [height, width] = [8, options.imageSize === 8 ? 8 : 12];
    const pictures = input("pictures", [2, 3, height, width]), { loss, blocks } = lossOf(p, pictures, config);
    const values: Record<string, ArrayLike<number>> = { ...inputs, pictures: numbers(pictures.size) };
    return { p, loss, values, blocks, grads: gradients(loss, Object.values(p)) };
  };
  const leaves = (loss: Tensor, values: Record<string, ArrayLike<number>>) => {
    const found = new Map<Tensor, ArrayLike<number>>(), seen = new Set<Tensor>(), stack = [loss];
    while (stack.length) {
      const { root } = storage(stack.pop()!);
      if (seen.has(root)) continue;
      seen.add(root);
      if (root.leaf?.kind === "input") found.set(root, values[root.name]);
      stack.push(...Object.values(root.maker?.inputs ?? {}));
    }
    return found;
  };

  test(`${name}: every parameter has the gradient of central differences`, () => {
    const { p, loss, values, grads } = build(), given = leaves(loss, values), computed = interpret(grads, given);
    const { root: pack } = storage(Object.values(p)[0]), start = startValues(pack);
    const at = (place: number, step: number) => {
      const moved = start.slice();
      moved[place] += step;
      return interpret([loss], new Map([...given, [pack, moved]]))[0][0];
    };
    for (const [n, [parameter, t]] of Object.entries(p).entries()) {
      const i = (7 * n + 3) % t.size, place = storage(t).offset + i, h = 1e-5;
      const difference = (at(place, h) - at(place, -h)) / (2 * h);
      expect(Math.abs(computed[n][i] - difference), `${parameter}[${i}], ${difference} by differences`).toBeLessThan(1e-7);
    }
    expect(computed.every((values) => values.some((v) => Math.abs(v) > 1e-9))).toBe(true);
  });

  test(`${name}: a second forward pass of each block gives the same gradients`, () => {
    const { p, loss, values, blocks, grads } = build(), given = leaves(loss, values);
    const again = gradients(loss, Object.values(p), undefined, blocks);
    expect(makers(again).length).toBeGreaterThan(makers(grads).length);
    expect(interpret(again, given)).toEqual(interpret(grads, given));
  });

  for (const provider of providers) {
    test(`${name}: loss and gradients on ${provider.name} are those of the references`, async () => {
      const { p, loss, values, grads } = build(), expected = interpret([loss, ...grads], leaves(loss, values));
      const wanted = { loss, ...Object.fromEntries(Object.keys(p).map((parameter, n) => [`d ${parameter}`, grads[n]])) };
      const program = await compile(await provider.open(), wanted);
      program.write(values);
      program.run();
      for (const [n, label] of Object.keys(wanted).entries()) expectClose(await program.read(label), expected[n], 1e-5, label);
      program.destroy();
    });
  }
}

/** 16 pictures of noise, each with tokens of its own at six masked patches: nothing but memory helps. */
async function overfit(device: Parameters<typeof compile>[0]): Promise<number[]> {
  const config = beitConfig({ imageSize: 16, patchSize: 4, dim: 32, depth: 2, heads: 2, vocab: 16, dropPath: 0 }), B = 16, M = 6 * B;
  const table = beitParams(config), p = parameters(table, { seed: 1 }), pictures = input("pictures", [B, 3, 16, 16]);
  const encoded = beit(p, pictures, config, { mask: input("mask", [B, 16]) });
  const loss = crossEntropy(maskedLogits(p, encoded, input("rows", [M], "u32"), config), input("labels", [M], "u32"));
  const optimizer = adamw(p, gradients(loss, Object.values(p)), { table, clip: 3 });
  const program = await compile(device, { loss }, { updates: optimizer.updates });
  const masked = Array.from({ length: M }, (_, i) => 16 * Math.floor(i / 6) + (5 * Math.floor(i / 6) + 3 * (i % 6)) % 16);
  const mask = new Float32Array(16 * B);
  for (const place of masked) mask[place] = 1;
  program.write({ pictures: numbers(pictures.size, 5), mask, rows: masked, labels: numbers(M, 6).map((v) => Math.floor(8 * (v + 1))) });
  const losses: number[] = [];
  for (let step = 0; step < 200; step++) {
    program.write(optimizer.values({ step, lr: 5e-3 * Math.min(1, (step + 1) / 20), weightDecay: 0 }));
    program.run();
    if (step % 199 === 0) losses.push(await program.readNumber("loss"));
  }
  program.destroy();
  return losses;
}

for (const provider of providers) {
  test(`a tiny BEiT learns the tokens of 16 pictures by heart in 200 steps on ${provider.name}`, async () => {
    const [first, last] = await overfit(await provider.open());
    expect(Math.abs(first - Math.log(16))).toBeLessThan(0.2); // it starts from chance
    expect(last).toBeLessThan(0.1);
  }, 60_000);
}

test("the rate of stochastic depth grows from 0 to that of the last block", () => {
  expect(dropPathRates(0.1, 5)).toEqual([0, 0.025, 0.05, 0.1 * 3 / 4, 0.1]);
  expect(dropPathRates(0.1, 1)).toEqual([0]);
});

test("without random numbers no branch is left out", () => {
  const config = beitConfig({ ...small, dropPath: 0.9 }), pictures = input("pictures", [2, 3, 8, 8]);
  const names = (random?: Random) => {
    const stack = [beit(parameters(beitParams(config)), pictures, config, { random }).blocks[2]], found = new Set<string>();
    while (stack.length) {
      const { maker } = storage(stack.pop()!).root;
      if (!maker) continue;
      found.add(maker.op.name);
      stack.push(...Object.values(maker.inputs));
    }
    return found;
  };
  expect(names().has("drop_path")).toBe(false);
  expect(names(new Random(input("random", [2], "u32"))).has("drop_path")).toBe(true);
});

test("embeddings have the shape of their pooling, from any block", () => {
  const config = beitConfig(small), encoded = beit(parameters(beitParams(config)), input("pictures", [2, 3, 8, 8]), config);
  for (const block of [0, 1, 2]) {
    expect(embedding(encoded, { block }).shape).toEqual([2, 12]);
    expect(embedding(encoded, { block, pool: "class-token" }).shape).toEqual([2, 12]);
    expect(embedding(encoded, { block, pool: "both" }).shape).toEqual([2, 24]);
    expect(embedding(encoded, { block, pool: "dense" }).shape).toEqual([2, 4, 12]);
  }
  expect(attentionMap(parameters(beitParams(config)), encoded, 2, config).shape).toEqual([2, 2, 5, 5]);
  expect(() => embedding(encoded, { block: 3 })).toThrow("embedding: there is no block 3; choose one from 0 to 2");
  expect(() => attentionMap({}, encoded, 0, config)).toThrow("attentionMap: there is no block 0; choose one from 1 to 2");
});

test("pictures of another size and heads that the model has not are refused by name", () => {
  const config = beitConfig(small), p = parameters(beitParams(config)), pictures = input("pictures", [2, 3, 8, 8]);
  expect(() => beit(p, input("pictures", [2, 3, 8, 12]), config)).toThrow(ShapeError);
  expect(() => beit(p, input("pictures", [2, 3, 8, 12]), config)).toThrow("beit: pictures (2, 3, 8, 12) are not (B, 3, 8, 8)");
  const encoded = beit(p, pictures, config);
  expect(() => classLogits(p, encoded, config)).toThrow("the model has no fc_norm.weight; its configuration asks for no such head");
  expect(() => maskedLogits(p, encoded, rows(), config)).toThrow("the model has no norm.weight");
  expect(() => aggregatedLogits(p, encoded, rows(), config)).toThrow("aggregatedLogits: the model has no aggregation");
  expect(() => beit(p, pictures, config, { mask: input("mask", [2, 4]) })).toThrow("the model has no mask_token");
  expect(() => features(p, encoded, { ...config, pooling: "class-token" })).toThrow(ShapeError);
});
