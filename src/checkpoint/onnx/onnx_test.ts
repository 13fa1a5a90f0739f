// The files run in ONNX Runtime and give what the same weights give on the CPU device.

import { afterAll, expect, test } from "bun:test";
import { InferenceSession, Tensor as OnnxTensor } from "npm:onnxruntime-node@1.16.3";
import { CpuDevice } from "../../devices/cpu.ts";
import { CheckpointError } from "../../errors.ts";
import { input, type Tensor } from "../../graph.ts";
import { beit, beitParams, type Encoded } from "../../models/beit.ts";
import { type BeitConfig, beitConfig } from "../../models/beit_config.ts";
import { classLogits, embedding } from "../../models/beit_heads.ts";
import type { Params } from "../../nn/transformer.ts";
import { initialValues, parameters, type ParamSpec } from "../../nn/parameters.ts";
import { compile } from "../../program.ts";
import { preprocessorConfig, readPreprocessor } from "../hf/mod.ts";
import { asStored } from "../names/mod.ts";
import { beitOnnx, onnxBytes, type OnnxOptions } from "./mod.ts";

const small = { imageSize: [16, 24], patchSize: 8, dim: 24, depth: 3, heads: 3, classes: 5 } as const;
const configs: Record<string, BeitConfig> = {
  "a shared table, mean pooling": beitConfig(small),
  "a table a block, class token": beitConfig({ ...small, relativePositions: "per-block", pooling: "class-token" }),
  "absolute positions, no layer scale": beitConfig({ ...small, absolutePositions: true, relativePositions: "none", layerScale: null }),
};

const device = CpuDevice.open({ threads: 1 });
afterAll(async () => await (await device).destroy());

for (const [name, config] of Object.entries(configs)) {
  const table = spread(beitParams(config)), stored = asStored(valuesOf(table));

  for (const B of [1, 3]) {
    test(`ONNX with ${name} classifies ${B} as the CPU device does`, async () => {
      await compare(config, table, B, { output: { task: "classifier" } }, (p, encoded) => classLogits(p, encoded, config));
    });
  }
  for (const pool of ["class-token", "mean", "both", "dense"] as const) {
    test(`ONNX with ${name} embeds by ${pool} as the CPU device does, from every block`, async () => {
      for (const block of [0, 2, 3]) {
        const options: OnnxOptions = { output: { task: "embedding", block, pool } };
        await compare(config, table, 3, options, (_, encoded) => embedding(encoded, { block, pool }));
      }
    });
  }

  test(`ONNX with ${name} leaves out the blocks after the one that is embedded`, () => {
    const { initializers } = beitOnnx(config, stored, { output: { task: "embedding", block: 2, pool: "mean" } });
    expect(initializers.some(({ name }) => name.startsWith("blocks.1."))).toBe(true);
    expect(initializers.some(({ name }) => name.startsWith("blocks.2.") || name.startsWith("head."))).toBe(false);
  });
}

const config = configs["a shared table, mean pooling"], tensors = asStored(valuesOf(spread(beitParams(config))));

test("a whitened embedding is centred, multiplied and of length 1", async () => {
  const { dim: C } = config, K = 7, pictures = picturesOf(config, 2);
  const mean = Float32Array.from({ length: C }, (_, c) => Math.sin(c)),
    matrix = Float32Array.from({ length: K * C }, (_, i) => Math.cos(i * i));
  const output = { task: "embedding", block: 2, pool: "mean" } as const;
  const { data: plain } = await run(config, await onnxBytes(beitOnnx(config, tensors, { output })), pictures, 2);
  const whitened = await onnxBytes(beitOnnx(config, tensors, { output: { ...output, whitening: { mean, matrix } } }));
  const { data, dims } = await run(config, whitened, pictures, 2);
  expect(dims).toEqual([2, K]);
  for (let b = 0; b < 2; b++) {
    const wanted = Array.from({ length: K }, (_, k) => {
      let sum = 0;
      for (let c = 0; c < C; c++) sum += matrix[k * C + c] * (plain[b * C + c] - mean[c]);
      return sum;
    });
    const length = Math.hypot(...wanted);
    wanted.forEach((v, k) => expect(data[b * K + k]).toBeCloseTo(v / length, 5));
  }
});

test("metadata tells how pictures are prepared and what the classes are", () => {
  const preprocessing = readPreprocessor(preprocessorConfig({ resize: [16, 24], filter: "bicubic", crop: null, mean: [0.5], std: [0.5] }));
  const { metadata } = beitOnnx(config, tensors, { output: { task: "classifier" }, labels: ["a", "b", "c", "d", "e"], preprocessing });
  expect(JSON.parse(metadata.labels)).toEqual(["a", "b", "c", "d", "e"]);
  expect(JSON.parse(metadata.input)).toMatchObject({ layout: "NCHW", preprocessing: { filter: "bicubic", mean: [0.5] } });
  expect(JSON.parse(metadata.config)).toMatchObject({ dim: 24, relativePositions: "shared" });
});

test("what the checkpoint does not have is refused by name", () => {
  const refused = (change: Partial<OnnxOptions>, of = tensors) => () =>
    beitOnnx(config, of, { output: { task: "classifier" }, file: "x.pth", ...change });
  const without = new Map([...tensors].filter(([name]) => name !== "blocks.1.attn.q_bias"));
  expect(refused({}, without)).toThrow("x.pth: 1 missing (blocks.1.attn.q_bias)");
  expect(refused({ output: { task: "embedding", block: 4, pool: "mean" } })).toThrow("x.pth: there is no block 4, the model has 3");
  const whitening = { mean: new Float32Array(3), matrix: new Float32Array(9) };
  expect(refused({ output: { task: "embedding", block: 1, pool: "mean", whitening } })).toThrow(/does not fit embeddings of 24/);
  const headless = () => beitOnnx({ ...config, classes: undefined }, tensors, { output: { task: "classifier" } });
  expect(headless).toThrow(CheckpointError);
  expect(headless).toThrow(/no classification head/);
});

/** Every parameter away from its start value, so that none can be left out unnoticed. */
function spread(table: Record<string, ParamSpec>): Record<string, ParamSpec> {
  const around = (name: string) => /norm.*\.weight$|gamma/.test(name) ? 1 : 0;
  return Object.fromEntries(
    Object.entries(table).map(([name, spec]) => [name, { ...spec, init: (draws) => around(name) + 0.2 * draws.normal() }]),
  );
}

function valuesOf(table: Record<string, ParamSpec>) {
  return Object.fromEntries(Object.entries(table).map(([name, spec]) => [name, { shape: spec.shape, data: initialValues(name, spec, 0) }]));
}

const sizeOf = ({ imageSize }: BeitConfig) => imageSize as [number, number];

function picturesOf(config: BeitConfig, B: number): Float32Array {
  const [H, W] = sizeOf(config);
  return Float32Array.from({ length: B * 3 * H * W }, (_, i) => Math.sin(i * 1.7) + Math.cos(i / 31));
}

async function run(config: BeitConfig, bytes: Uint8Array, pictures: Float32Array, B: number) {
  const session = await InferenceSession.create(bytes);
  try {
    const { [session.outputNames[0]]: made } = await session.run({
      pixel_values: new OnnxTensor("float32", pictures, [B, 3, ...sizeOf(config)]),
    });
    return { data: made.data as Float32Array, dims: [...made.dims] };
  } finally {
    await session.release();
  }
}

async function compare(
  config: BeitConfig,
  table: Record<string, ParamSpec>,
  B: number,
  options: OnnxOptions,
  make: (p: Params, encoded: Encoded) => Tensor,
) {
  const p = parameters(table), pictures = input("pictures", [B, 3, ...sizeOf(config)]), values = picturesOf(config, B);
  const wanted = make(p, beit(p, pictures, config)), program = await compile(await device, { wanted });
  try {
    program.write({ pictures: values });
    program.run();
    const expected = await program.read("wanted");
    const { data, dims } = await run(config, await onnxBytes(beitOnnx(config, asStored(valuesOf(table)), options)), values, B);
    expect(dims).toEqual([...wanted.shape]);
    const largest = Math.max(...Array.from(expected, Math.abs));
    const error = Math.max(...Array.from(expected, (v, i) => Math.abs(v - data[i])));
    expect(largest).toBeGreaterThan(0.1);
    expect(error / largest).toBeLessThan(2e-5);
  } finally {
    program.destroy();
  }
}
