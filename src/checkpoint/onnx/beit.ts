// A BEiT encoder as an ONNX graph of standard operators, with a dynamic batch: an embedding of any block, or the classifier.

import { CheckpointError } from "../../errors.ts";
import { type BeitConfig, hiddenSize, windowOf } from "../../models/beit_config.ts";
import { relativePositionIndex, relativePositionRows } from "../../models/relative_position.ts";
import type { Preprocessing } from "../hf/mod.ts";
import type { StoredTensors } from "../names/mod.ts";
import { GraphBuilder } from "./graph.ts";
import type { OnnxModel, Value } from "./model.ts";

/** What is done to an embedding x (C): matrix (K, C) times (x - mean), then divided by its length. */
export interface OnnxWhitening {
  mean: Float32Array;
  /** (K, C), row by row. */
  matrix: Float32Array;
}

/** The output of block `block` (from 1; 0: the embeddings before the first) put together by `pool`. */
export interface OnnxEmbedding {
  task: "embedding";
  block: number;
  pool: "class-token" | "mean" | "both" | "dense";
  whitening?: OnnxWhitening;
}

/** An embedding, or the logits of the classification head. */
export type OnnxOutput = OnnxEmbedding | { task: "classifier" };

export interface OnnxOptions {
  output: OnnxOutput;
  /** Names of the classes, for the metadata. */
  labels?: readonly string[];
  /** What pictures go through before the model, as far as it is known, for the metadata. */
  preprocessing?: Partial<Preprocessing>;
  /** How messages call the checkpoint. */
  file?: string;
}

/** 17: the first with LayerNormalization. */
const opset = 17;

/**
 * The ONNX model of a checkpoint under its official names. Input "pixel_values" (batch, 3, H, W), normalised; output "logits" (batch, K),
 * or "embedding": (batch, C) for "class-token" and "mean", (batch, 2 C) for "both" (the class token first), (batch, N, C) for "dense".
 *
 * Throws CheckpointError for weights that are missing or misshapen, and for a block or head that the model does not have.
 *
 * ```ts
 * import { beitConfig, beitOnnx, beitParams, initialValues, openBeit, saveBeit } from "../../../mod.ts";
 * const config = beitConfig({ imageSize: 32, patchSize: 8, dim: 16, depth: 1, heads: 2 });
 * const values = Object.fromEntries(Object.entries(beitParams(config)).map(([name, spec]) => [name, initialValues(name, spec, 0)]));
 * const path = await Deno.makeTempFile();
 * await saveBeit(path, config, values);
 * await using opened = await openBeit(path);
 * const { outputs } = beitOnnx(config, opened.tensors, { output: { task: "embedding", block: 1, pool: "mean" } });
 * console.assert(outputs[0].name === "embedding" && outputs[0].shape.at(-1) === 16);
 * ```
 */
export function beitOnnx(config: BeitConfig, tensors: StoredTensors, options: OnnxOptions): OnnxModel {
  const { output, labels, preprocessing, file = "checkpoint" } = options;
  const last = output.task === "embedding" ? output.block : config.depth;
  if (!Number.isInteger(last) || last < 0 || last > config.depth) {
    throw new CheckpointError(`${file}: there is no block ${last}, the model has ${config.depth}; give 0 to ${config.depth}`);
  }
  const g = new GraphBuilder(tensors), [h, w] = windowOf(config), { patchSize: P, channels, dim: C } = config;
  let x = embeddings(g, config);
  const shared = config.relativePositions === "shared" ? relativeBias(g, "rel_pos_bias", config) : undefined;
  for (let l = 0; l < last; l++) x = block(g, x, l, shared, config);
  g.scope = "head";
  x = g.reshape(x, -1, h * w + 1, C);
  const { name, shape, description } = output.task === "classifier"
    ? classifier(g, x, config, file)
    : embedding(g, x, config, output, file);
  g.check(file);
  const described = {
    task: output.task === "classifier" ? output : { task: output.task, block: output.block, pool: output.pool },
    config,
    input: { layout: "NCHW", values: "(pixel / 255 - mean) / std, by channel", preprocessing },
    labels: labels?.length ? labels : undefined,
  };
  return {
    name: "beit",
    opset,
    nodes: g.nodes,
    initializers: g.initializers,
    inputs: [{
      name: "pixel_values",
      shape: ["batch", channels, h * P, w * P],
      description: "RGB, normalised: (pixel / 255 - mean) / std",
    }],
    outputs: [{ name, shape: ["batch", ...shape], description }],
    metadata: Object.fromEntries(
      Object.entries(described).filter(([, value]) => value !== undefined).map(([key, value]) => [key, JSON.stringify(value)]),
    ),
  };
}

/** (B * T, C): a row for every token, picture by picture, the class token first. */
function embeddings(g: GraphBuilder, config: BeitConfig): string {
  const { patchSize: P, channels, dim: C } = config, [h, w] = windowOf(config);
  g.scope = "embeddings";
  const kernel = [g.weight("patch_embed.proj.weight", [C, channels, P, P]), g.weight("patch_embed.proj.bias", [C])];
  const map = g.apply("Conv", ["pixel_values", ...kernel], { kernel_shape: [P, P], strides: [P, P] });
  const patches = g.apply("Transpose", [g.reshape(map, -1, C, h * w)], { perm: [0, 2, 1] });
  const batch = g.apply("Shape", [patches], { start: 0, end: 1 });
  const shape = g.apply("Concat", [batch, g.ints(1, C)], { axis: 0 });
  const token = g.apply("Expand", [g.weight("cls_token", [1, 1, C]), shape]);
  let x = g.apply("Concat", [token, patches], { axis: 1 });
  if (config.absolutePositions) x = g.apply("Add", [x, g.weight("pos_embed", [1, h * w + 1, C])]);
  return g.reshape(x, -1, C);
}

function block(g: GraphBuilder, x: string, l: number, shared: string | undefined, config: BeitConfig): string {
  const { dim: C, layerScale } = config, K = hiddenSize(config), at = `blocks.${l}`;
  const scaled = (y: string, gamma: string) => layerScale === null ? y : g.apply("Mul", [y, g.weight(`${at}.${gamma}`, [C])]);
  g.scope = `${at}.attn`;
  const attended = attention(g, layerNorm(g, x, `${at}.norm1`, config), `${at}.attn`, shared, config);
  x = g.apply("Add", [x, scaled(linear(g, attended, `${at}.attn.proj`, C, C), "gamma_1")]);
  g.scope = `${at}.mlp`;
  const inner = gelu(g, linear(g, layerNorm(g, x, `${at}.norm2`, config), `${at}.mlp.fc1`, K, C));
  return g.apply("Add", [x, scaled(linear(g, inner, `${at}.mlp.fc2`, C, K), "gamma_2")]);
}

/** x (B * T, C) → (B * T, C), before the projection. */
function attention(g: GraphBuilder, x: string, at: string, shared: string | undefined, config: BeitConfig): string {
  const { dim: C, heads: NH } = config, [h, w] = windowOf(config), T = h * w + 1;
  const bias = g.computed(`${at}.qkv.bias`, [3 * C], { [`${at}.q_bias`]: [C], [`${at}.v_bias`]: [C] }, ([q, v]) => {
    const all = new Float32Array(3 * C); // k has no bias
    all.set(q);
    all.set(v, 2 * C);
    return all;
  });
  const qkv = g.apply("Gemm", [x, g.weight(`${at}.qkv.weight`, [3 * C, C]), bias], { transB: 1 });
  const heads = g.apply("Split", [qkv], { axis: 1 }, 3).map((part) => g.reshape(part, -1, T, NH, C / NH));
  const [q, k, v] = [[0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]].map((perm, i) => g.apply("Transpose", [heads[i]], { perm }));
  let scores = g.apply("MatMul", [g.apply("Mul", [q, g.scalar((C / NH) ** -0.5)]), k]);
  const relative = config.relativePositions === "per-block" ? relativeBias(g, at, config) : shared;
  if (relative) scores = g.apply("Add", [scores, relative]);
  const read = g.apply("MatMul", [g.apply("Softmax", [scores], { axis: -1 }), v]);
  return g.reshape(g.apply("Transpose", [read], { perm: [0, 2, 1, 3] }), -1, C);
}

/** (NH, T, T), looked up in the table by the runtime: the file need not hold it. */
function relativeBias(g: GraphBuilder, at: string, config: BeitConfig): string {
  const window = windowOf(config), T = window[0] * window[1] + 1;
  const table = g.weight(`${at}.relative_position_bias_table`, [relativePositionRows(window), config.heads]);
  const index = g.constant("relative_position_index", [T, T], relativePositionIndex(window));
  return g.apply("Transpose", [g.apply("Gather", [table, index], { axis: 0 })], { perm: [2, 0, 1] });
}

/** x (B, T, C) → logits (B, K). */
function classifier(g: GraphBuilder, x: string, config: BeitConfig, file: string): Value {
  const { dim: C, classes: K, pooling } = config;
  if (!K) throw new CheckpointError(`${file}: the model has no classification head; export an embedding`);
  const feature = pooling === "mean"
    ? layerNorm(g, meanOfPatches(g, x), "fc_norm", config)
    : classToken(g, layerNorm(g, x, "norm", config));
  const name = g.as(linear(g, feature, "head", K, C), "logits");
  return { name, shape: [K], description: "one score a class, before softmax" };
}

/** x (B, T, C) → the embedding. */
function embedding(g: GraphBuilder, x: string, config: BeitConfig, output: OnnxEmbedding, file: string): Value {
  const { block, pool, whitening } = output, { dim: C } = config, [h, w] = windowOf(config);
  const [made, shape] = {
    "class-token": () => [classToken(g, x), [C]] as const,
    mean: () => [meanOfPatches(g, x), [C]] as const,
    both: () => [g.apply("Concat", [classToken(g, x), meanOfPatches(g, x)], { axis: -1 }), [2 * C]] as const,
    dense: () => [patches(g, x), [h * w, C]] as const,
  }[pool]();
  const description = `${pool} of block ${block}${whitening ? ", centred, whitened, of length 1" : ""}`;
  if (!whitening) return { name: g.as(made, "embedding"), shape, description };
  const D = shape[shape.length - 1], K = whitening.matrix.length / D;
  if (whitening.mean.length !== D || !Number.isInteger(K)) {
    throw new CheckpointError(
      `${file}: the whitening (mean ${whitening.mean.length}, matrix ${whitening.matrix.length}) does not fit embeddings of ${D}; fit it to this pooling`,
    );
  }
  const centred = g.apply("Sub", [made, g.constant("whitening.mean", [D], whitening.mean)]);
  const matrix = g.constant("whitening.matrix", [K, D], whitening.matrix);
  const white = g.apply("MatMul", [centred, g.apply("Transpose", [matrix], { perm: [1, 0] })]);
  const long = g.apply("LpNormalization", [white], { axis: -1, p: 2 });
  return { name: g.as(long, "embedding"), shape: [...shape.slice(0, -1), K], description };
}

const layerNorm = (g: GraphBuilder, x: string, name: string, { dim: C, normEps }: BeitConfig) =>
  g.apply("LayerNormalization", [x, g.weight(`${name}.weight`, [C]), g.weight(`${name}.bias`, [C])], {
    axis: -1,
    epsilon: { float: normEps },
  });

/** x (R, inner) → (R, out). */
const linear = (g: GraphBuilder, x: string, name: string, out: number, inner: number) =>
  g.apply("Gemm", [x, g.weight(`${name}.weight`, [out, inner]), g.weight(`${name}.bias`, [out])], { transB: 1 });

/** The exact form; operator set 17 has no Gelu of its own. */
function gelu(g: GraphBuilder, x: string): string {
  const cumulative = g.apply("Add", [g.apply("Erf", [g.apply("Div", [x, g.scalar(Math.SQRT2)])]), g.scalar(1)]);
  return g.apply("Mul", [g.apply("Mul", [x, cumulative]), g.scalar(0.5)]);
}

const classToken = (g: GraphBuilder, x: string) => g.apply("Gather", [x, g.constant("first", [], [0])], { axis: 1 });
const patches = (g: GraphBuilder, x: string) => g.apply("Slice", [x, g.ints(1), g.ints(2 ** 31 - 1), g.ints(1)]);
const meanOfPatches = (g: GraphBuilder, x: string) => g.apply("ReduceMean", [patches(g, x)], { axes: [1], keepdims: 0 });
