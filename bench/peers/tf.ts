// TensorFlow.js: bench/peers/tf.ts <wasm|webgpu> NAME FOLDER. It has no AdamW, and gathering has no gradient on its WASM backend: masked rows
// are gathered by a product with a matrix of zeros and ones.

// deno-lint-ignore-file no-explicit-any -- the package is installed by the command alone, so its types are not there
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Material, type Peer, type Ready, serve } from "./child.ts";
import { comparedSteps, type Job, optimizer, type ViT } from "./jobs.ts";
import { fileOf, load, version } from "./packages/load.ts";

type Params = Record<string, any>;

const backend = process.argv[2];
(globalThis as any).window ??= globalThis; // its WebGPU backend looks for navigator there
const tf = await load("@tensorflow/tfjs");

/** w (in, out): the WASM backend's fast product takes no transposed operands, so matrices are turned when they are loaded. */
const linear = (x: any, w: any, b: any) => tf.matMul(x, w).add(b);

/** A weight as its op wants it: matrices (in, out), the patch embedding as one, kernels of convolutions (side, side, in, out). */
function loaded(name: string, data: Float32Array, shape: number[]): any {
  const t = tf.tensor(data, shape);
  if (name === "patch_embed.proj.weight") {
    return t.reshape([shape[0], -1]).transpose();
  }
  return shape.length === 4 ? t.transpose([2, 3, 1, 0]) : shape.length === 2 ? t.transpose() : t;
}

function layerNorm(x: any, w: any, b: any): any {
  const centred = x.sub(x.mean(-1, true));
  return centred.div(centred.square().mean(-1, true).add(1e-6).sqrt()).mul(w)
    .add(b);
}

/** The exact form, through Abramowitz and Stegun's 7.1.26 (error 1.5e-7): the WASM backend has no erf. */
function gelu(x: any): any {
  const z = x.abs().mul(Math.SQRT1_2), t = tf.div(1, z.mul(0.3275911).add(1));
  const polynomial = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592].reduce(
    (sum: any, c) => sum === null ? t.mul(c) : sum.add(c).mul(t),
    null,
  );
  const erf = tf.sub(1, polynomial.mul(z.square().neg().exp()));
  return x.mul(0.5).add(x.abs().mul(0.5).mul(erf)); // x erf(x) is even
}

function vit(p: Params, pictures: any, { imageSize, patchSize: P, dim: C, depth, heads }: ViT, B: number, mask?: any): any {
  const side = imageSize / P, N = side * side, T = N + 1;
  const cells = pictures.reshape([B * 3, side, P, side, P]).transpose([0, 1, 3, 2, 4]); // at most five axes on this backend
  const patches = cells.reshape([B, 3, N, P * P]).transpose([0, 2, 1, 3])
    .reshape([B * N, 3 * P * P]);
  let x = linear(patches, p["patch_embed.proj.weight"], p["patch_embed.proj.bias"]).reshape([B, N, C]);
  if (mask) {
    const m = mask.reshape([B, N, 1]);
    x = x.mul(tf.sub(1, m)).add(m.mul(p.mask_token));
  }
  x = tf.concat([p.cls_token.tile([B, 1, 1]), x], 1).add(p.pos_embed).reshape([B * T, C]);
  const heading = (part: any) => part.reshape([B, T, heads, C / heads]).transpose([0, 2, 1, 3]);
  for (let l = 0; l < depth; l++) {
    const w = (name: string) => p[`blocks.${l}.${name}`];
    const bias = tf.concat([w("attn.q_bias"), tf.zeros([C]), w("attn.v_bias")]);
    const qkv = linear(layerNorm(x, w("norm1.weight"), w("norm1.bias")), w("attn.qkv.weight"), bias);
    const [q, k, v] = tf.split(qkv, 3, 1).map(heading);
    const read = tf.matMul(
      tf.softmax(tf.matMul(q.mul((C / heads) ** -0.5), k, false, true)),
      v,
    ).transpose([0, 2, 1, 3]).reshape([B * T, C]);
    x = x.add(linear(read, w("attn.proj.weight"), w("attn.proj.bias")));
    const inner = gelu(linear(layerNorm(x, w("norm2.weight"), w("norm2.bias")), w("mlp.fc1.weight"), w("mlp.fc1.bias")));
    x = x.add(linear(inner, w("mlp.fc2.weight"), w("mlp.fc2.bias")));
  }
  return x;
}

function classes(p: Params, pictures: any, model: ViT, B: number): any {
  const T = (model.imageSize / model.patchSize) ** 2 + 1,
    x = vit(p, pictures, model, B).reshape([B, T, model.dim]);
  return linear(layerNorm(x.slice([0, 1], [-1, -1]).mean(1), p["fc_norm.weight"], p["fc_norm.bias"]), p["head.weight"], p["head.bias"]);
}

/** x (B, H, W, C) → token ids. */
function encode(p: Params, x: any, { groups, blocks }: { groups: number; blocks: number }): any {
  const conv = (x: any, name: string) => tf.conv2d(x, p[`${name}.w`], 1, "same").add(p[`${name}.b`]);
  x = conv(x.mul(0.8).add(0.1), "encoder.blocks.input");
  for (let group = 1; group <= groups; group++) {
    for (let block = 1; block <= blocks; block++) {
      const name = `encoder.blocks.group_${group}.block_${block}`;
      let h = x;
      for (let i = 1; i <= 4; i++) {
        h = conv(h.relu(), `${name}.res_path.conv_${i}`);
      }
      x = (`${name}.id_path.w` in p ? conv(x, `${name}.id_path`) : x).add(h.mul((groups * blocks) ** -2));
    }
    if (group < groups) x = tf.maxPool(x, 2, 2, "valid");
  }
  return conv(x.relu(), "encoder.blocks.output.conv").argMax(-1);
}

function training(job: Extract<Job, { kind: "training" }>, material: Material): Ready {
  const { lr, weightDecay, beta1, beta2, eps } = optimizer,
    { B, masked, model } = job,
    weights = material.weights();
  const { imageSize: S } = model,
    N = (S / model.patchSize) ** 2,
    M = B * masked;
  const p = Object.fromEntries(Object.entries(weights).map(([name, { data, shape }]) => [name, tf.variable(loaded(name, data, shape))]));
  const zeros = () => Object.fromEntries(Object.entries(p).map(([name, t]) => [name, tf.variable(tf.zerosLike(t))]));
  const m: Params = zeros(),
    v: Params = zeros(),
    chooses = new Float32Array(M * B * (N + 1));
  material.input("rows").forEach((row, i) => chooses[i * B * (N + 1) + row + Math.floor(row / N) + 1] = 1); // class tokens lie between
  const chosen = tf.tensor(chooses, [M, B * (N + 1)]),
    pictures = tf.tensor(material.floats("pictures"), [B, 3, S, S]);
  const mask = tf.tensor(material.floats("mask"), [B, N]),
    classOf = tf.oneHot(tf.tensor1d(Int32Array.from(material.input("targets")), "int32"), model.vocab);
  const oneHot = classOf.cast("float32");
  const lossOf = () => {
    const tokens = layerNorm(tf.matMul(chosen, vit(p, pictures, model, B, mask)), p["norm.weight"], p["norm.bias"]);
    return tf.losses.softmaxCrossEntropy(oneHot, linear(tokens, p["lm_head.weight"], p["lm_head.bias"]));
  };
  let step = 0;
  const run = async () => {
    step++;
    const loss = tf.tidy(() => {
      const { value, grads } = tf.variableGrads(lossOf, Object.values(p));
      for (const [name, { decay }] of Object.entries(weights)) {
        const g = grads[p[name].name];
        m[name].assign(m[name].mul(beta1).add(g.mul(1 - beta1)));
        v[name].assign(v[name].mul(beta2).add(g.square().mul(1 - beta2)));
        const moved = m[name].div(1 - beta1 ** step).div(v[name].div(1 - beta2 ** step).sqrt().add(eps));
        p[name].assign(p[name].sub((decay ? moved.add(p[name].mul(weightDecay)) : moved).mul(lr)));
      }
      return value;
    });
    await p["lm_head.weight"].data();
    const [value] = await loss.data();
    loss.dispose();
    return value;
  };
  return {
    run: async () => void await run(),
    async output() {
      const losses = [];
      for (let i = 0; i < comparedSteps; i++) losses.push(await run());
      return losses;
    },
    release: () => tf.disposeVariables(),
  };
}

function prepare(job: Job, material: Material): Ready {
  if (job.kind === "training") return training(job, material);
  if (job.kind === "tokenizer") {
    throw new Error("the gradient of conv2d's weights does not run on its WASM backend");
  }
  if (job.kind === "matmul") {
    const x = tf.tensor(material.floats("x"), [job.M, job.K]),
      w = tf.tensor(material.floats("w"), [job.N, job.K]).transpose();
    return inference(() => tf.matMul(x, w), [x, w]);
  }
  const side = "size" in job.model ? job.model.size : job.model.imageSize;
  let pictures = tf.tensor(material.floats("pictures"), [job.B, 3, side, side]);
  if (job.kind === "encode") pictures = pictures.transpose([0, 2, 3, 1]);
  const p = Object.fromEntries(Object.entries(material.weights()).map(([name, { data, shape }]) => [name, loaded(name, data, shape)]));
  return inference(
    () => job.kind === "encode" ? encode(p, pictures, job.model) : classes(p, pictures, job.model, job.B),
    [pictures, ...Object.values(p)],
  );
}

function inference(call: () => any, held: any[]): Ready {
  const run = async () => {
    const y = tf.tidy(call), data = await y.data();
    y.dispose();
    return data;
  };
  return {
    run: async () => void await run(),
    output: run,
    release: () => held.forEach((t) => t.dispose()),
  };
}

async function open(): Promise<Peer> {
  const name = `@tensorflow/tfjs-backend-${backend}`, module = await load(name);
  if (backend === "wasm") {
    module.setWasmPaths(fileURLToPath(fileOf(`${name}/dist/`)));
  }
  if (!await tf.setBackend(backend)) {
    throw new Error(`its ${backend} backend does not start here`);
  }
  await tf.ready();
  const threads = backend === "wasm" ? `, ${module.getThreadsCount()} threads` : "";
  return {
    describe: () => `@tensorflow/tfjs ${version("@tensorflow/tfjs")}, ${backend}${threads}`,
    prepare: (job, material) => Promise.resolve(prepare(job, material)),
  };
}

await serve(open);
