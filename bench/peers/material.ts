// Weights, inputs and ONNX files of the jobs, as plain files that any peer can read.

import { existsSync, writeFileSync } from "node:fs";
import { beitOnnx, onnxBytes } from "../../src/checkpoint/onnx/mod.ts";
import { asStored } from "../../src/checkpoint/names/mod.ts";
import { beitParams } from "../../src/models/beit.ts";
import { dvaeParams } from "../../src/models/dvae.ts";
import { InitialDraws } from "../../src/nn/initial.ts";
import { initialValues, type ParamSpec } from "../../src/nn/parameters.ts";
import { onnxName } from "./child.ts";
import { type Dvae, inputsOf, type Job, type ViT } from "./jobs.ts";
import { beitOf, dvaeOf } from "./models.ts";
import { dvaeOnnx, matmulOnnx } from "./onnx.ts";

type Weights = Record<string, { shape: readonly number[]; data: Float32Array }>;

/** Start values as a training has them, but nothing stays 0 or 1: a peer that leaves out a bias is found out. */
function weightsOf(table: Record<string, ParamSpec>): Weights {
  return Object.fromEntries(
    Object.entries(table).map(([name, spec]) => {
      const data = initialValues(name, spec, 0),
        draws = new InitialDraws(1, name);
      if (typeof spec.init === "number") {
        data.forEach((value, i) => data[i] = value + 0.05 * draws.normal());
      }
      return [name, { shape: spec.shape, data }];
    }),
  );
}

function tableOf(model: ViT | Dvae): Record<string, ParamSpec> {
  return "patchSize" in model ? beitParams(beitOf(model), { headScale: 1 }) : dvaeParams(dvaeOf(model));
}

/** Values of an input: pictures within 0 to 1, what stands for noise as Gumbel's distribution has it, places and classes in range. */
function valuesOf(job: Job, name: string): Float32Array | Uint32Array {
  const { shape, dtype } = inputsOf(job)[name],
    size = shape.reduce((a, b) => a * b, 1),
    draws = new InitialDraws(2, `${job.id} ${name}`);
  if (dtype === "f32") {
    const value = {
      pictures: () => draws.uniform(),
      noise: () => -Math.log(-Math.log(Math.min(Math.max(draws.uniform(), 1e-6), 1 - 1e-6))),
      mask: () => 0,
      x: () => 2 * draws.uniform() - 1,
      w: () => 2 * draws.uniform() - 1,
    }[name]!;
    const values = Float32Array.from({ length: size }, value);
    if (job.kind === "training" && name === "mask") {
      for (const row of maskedRows(job)) {
        values[row] = 1;
      }
    }
    return values;
  }
  if (job.kind === "training" && name === "rows") return maskedRows(job);
  return Uint32Array.from({ length: size }, () => Math.floor(draws.uniform() * (job as { model: ViT }).model.vocab!));
}

/** Every picture's masked patches, b * N + n: spread over it, the same number in each. */
function maskedRows({ B, masked, model: { imageSize, patchSize } }: Extract<Job, { kind: "training" }>): Uint32Array {
  const N = (imageSize / patchSize) ** 2;
  return Uint32Array.from({ length: B * masked }, (_, i) => Math.floor(i / masked) * N + Math.floor((i % masked) * N / masked));
}

/** Writes what the jobs need into `folder`. */
export async function writeMaterial(jobs: readonly Job[], folder: string): Promise<void> {
  const models = new Map<string, Weights>();
  for (const job of jobs) {
    const inputs = Object.fromEntries(Object.keys(inputsOf(job)).map((name) => [name, valuesOf(job, name)]));
    for (const [name, values] of Object.entries(inputs)) {
      writeFileSync(`${folder}/${job.id}.${name}`, values);
    }
    if (job.kind === "matmul") {
      writeFileSync(`${folder}/${onnxName(job)}.onnx`, await onnxBytes(matmulOnnx(job.K, job.N, inputs.w as Float32Array)));
      continue;
    }
    const { model } = job;
    if (!models.has(model.name)) {
      models.set(model.name, writeWeights(model, folder));
    }
    const stored = asStored(models.get(model.name)!);
    const onnx = job.kind === "forward"
      ? beitOnnx(beitOf(job.model), stored, { output: { task: "classifier" } })
      : job.kind === "encode"
      ? dvaeOnnx(dvaeOf(job.model), stored)
      : undefined;
    const path = `${folder}/${onnxName(job)}.onnx`;
    if (onnx && !existsSync(path)) writeFileSync(path, await onnxBytes(onnx));
  }
}

function writeWeights(model: ViT | Dvae, folder: string): Weights {
  const table = tableOf(model),
    weights = weightsOf(table),
    places: Record<string, unknown> = {},
    parts: Float32Array[] = [];
  let offset = 0;
  for (const [name, { shape, data }] of Object.entries(weights)) {
    places[name] = { shape, offset, decay: table[name].decay ?? shape.length > 1 };
    parts.push(data);
    offset += data.length;
  }
  writeFileSync(`${folder}/${model.name}.json`, JSON.stringify(places));
  const all = new Float32Array(offset);
  parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
  writeFileSync(`${folder}/${model.name}.weights`, all);
  return weights;
}
