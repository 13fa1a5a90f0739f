// jax-js: bench/peers/jax.ts <wasm|webgpu> NAME FOLDER. Every function takes ownership of its arrays, hence `.ref` before a value is used again.
//
// Its `take` has no gradient under jit, and `oneHot` of 8,192 classes makes a table of 256 MiB: masked rows are gathered by a product
// with a matrix of zeros and ones, and classes by comparison with a range.

// deno-lint-ignore-file no-explicit-any -- the package is installed by the command alone, so its types are not there
import process from "node:process";
import { type Material, type Peer, type Ready, serve } from "./child.ts";
import { comparedSteps, type Job, optimizer, tokenizerLoss, type ViT } from "./jobs.ts";
import { load, version } from "./packages/load.ts";

type Params = Record<string, any>;

const backend = process.argv[2];
const jax = await load("@jax-js/jax"), { numpy: np, lax, nn, tree } = jax;

const linear = (x: any, w: any, b?: any) => b ? np.matmul(x, np.transpose(w)).add(b) : np.matmul(x, np.transpose(w));

function layerNorm(x: any, w: any, b: any): any {
  const centred = x.ref.sub(np.mean(x, -1, { keepdims: true }));
  const deviation = np.sqrt(np.mean(np.square(centred.ref), -1, { keepdims: true }).add(1e-6));
  return centred.div(deviation).mul(w).add(b);
}

/** pictures (B, 3, S, S) → (B, T, C). Uses refs of p; the caller disposes of it. */
function vit(p: Params, pictures: any, { imageSize, patchSize: P, dim: C, depth, heads }: ViT, B: number, mask?: any): any {
  const side = imageSize / P,
    N = side * side,
    T = N + 1,
    w = (name: string) => p[name].ref;
  const patches = np.transpose(pictures.reshape([B, 3, side, P, side, P]), [0, 2, 4, 1, 3, 5]).reshape([B * N, 3 * P * P]);
  let x = linear(patches, w("patch_embed.proj.weight").reshape([C, 3 * P * P]), w("patch_embed.proj.bias")).reshape([B, N, C]);
  if (mask) {
    const m = mask.reshape([B, N, 1]);
    x = x.mul(np.subtract(1, m.ref)).add(m.mul(w("mask_token")));
  }
  x = np.concatenate([np.broadcastTo(w("cls_token"), [B, 1, C]), x], 1).add(w("pos_embed"));
  for (let l = 0; l < depth; l++) {
    const at = `blocks.${l}.`;
    const bias = np.concatenate([w(`${at}attn.q_bias`), np.zeros([C]), w(`${at}attn.v_bias`)], 0);
    const qkv = linear(layerNorm(x.ref, w(`${at}norm1.weight`), w(`${at}norm1.bias`)), w(`${at}attn.qkv.weight`), bias)
      .reshape([B, T, 3, heads, C / heads]);
    const split = np.transpose(qkv, [2, 0, 3, 1, 4]),
      part = (i: number) => (i < 2 ? split.ref : split).slice(i);
    const [q, k, v] = [part(0), part(1), part(2)];
    const scores = np.matmul(q.mul((C / heads) ** -0.5), np.transpose(k, [0, 1, 3, 2]));
    const read = np.transpose(np.matmul(nn.softmax(scores, -1), v), [0, 2, 1, 3]).reshape([B, T, C]);
    x = x.add(linear(read, w(`${at}attn.proj.weight`), w(`${at}attn.proj.bias`)));
    const inner = linear(layerNorm(x.ref, w(`${at}norm2.weight`), w(`${at}norm2.bias`)), w(`${at}mlp.fc1.weight`), w(`${at}mlp.fc1.bias`));
    x = x.add(linear(nn.gelu(inner, { approximate: false }), w(`${at}mlp.fc2.weight`), w(`${at}mlp.fc2.bias`)));
  }
  return x;
}

function classes(p: Params, pictures: any, model: ViT, B: number): any {
  const T = (model.imageSize / model.patchSize) ** 2 + 1,
    x = vit(p, pictures, model, B);
  const pooled = np.mean(x.slice([], [1, T]), 1);
  const logits = linear(layerNorm(pooled, p["fc_norm.weight"].ref, p["fc_norm.bias"].ref), p["head.weight"].ref, p["head.bias"].ref);
  tree.dispose(p);
  return logits;
}

/** Mean cross-entropy of logits (M, V) and targets (M). */
function crossEntropy(logits: any, targets: any, M: number, V: number): any {
  const chosen = np.where(np.equal(targets.reshape([M, 1]), np.arange(V, undefined, undefined, { dtype: np.int32 })), logits.ref, 0);
  return np.mean(nn.logsumexp(logits, -1).sub(np.sum(chosen, -1)));
}

function encoder(p: Params, pictures: any, groups: number, blocks: number): any {
  return conv(
    p,
    nn.relu(stack(p, "encoder", conv(p, pictures.mul(0.8).add(0.1), "encoder.blocks.input"), groups, blocks)),
    "encoder.blocks.output.conv",
  );
}

function decoder(p: Params, codes: any, groups: number, blocks: number): any {
  return conv(p, nn.relu(stack(p, "decoder", conv(p, codes, "decoder.blocks.input"), groups, blocks)), "decoder.blocks.output.conv");
}

function conv(p: Params, x: any, name: string): any {
  const w = p[`${name}.w`].ref, pad = (w.shape[2] - 1) / 2, [K] = w.shape;
  return lax.convGeneralDilated(x, w, [1, 1], [[pad, pad], [pad, pad]]).add(p[`${name}.b`].ref.reshape([1, K, 1, 1]));
}

function stack(p: Params, half: "encoder" | "decoder", x: any, groups: number, blocks: number): any {
  for (let group = 1; group <= groups; group++) {
    for (let block = 1; block <= blocks; block++) {
      const name = `${half}.blocks.group_${group}.block_${block}`;
      let h = x.ref;
      for (let i = 1; i <= 4; i++) {
        h = conv(p, nn.relu(h), `${name}.res_path.conv_${i}`);
      }
      x = (`${name}.id_path.w` in p ? conv(p, x, `${name}.id_path`) : x).add(h.mul((groups * blocks) ** -2));
    }
    if (group === groups) continue;
    const [B, C, H, W] = x.shape;
    x = half === "encoder"
      ? np.max(np.max(x.reshape([B, C, H / 2, 2, W / 2, 2]), 5), 3)
      : np.broadcastTo(x.reshape([B, C, H, 1, W, 1]), [B, C, H, 2, W, 2])
        .reshape([B, C, 2 * H, 2 * W]);
  }
  return x;
}

function tokenizer(p: Params, pictures: any, noise: any, { model: { groups, blocks, vocab } }: Extract<Job, { kind: "tokenizer" }>): any {
  const logits = encoder(p, pictures.ref, groups, blocks);
  const codes = nn.softmax(logits.ref.add(noise).div(tokenizerLoss.temperature), 1);
  const logP = nn.logSoftmax(logits, 1),
    kl = np.mean(np.sum(np.exp(logP.ref).mul(logP.add(Math.log(vocab))), 1));
  const made = decoder(p, codes, groups, blocks),
    mu = made.ref.slice([], [0, 3]),
    lnb = made.slice([], [3, 6]);
  const x = pictures.mul(0.8).add(0.1),
    away = np.absolute(np.log(x.ref.div(np.subtract(1, x.ref))).sub(mu));
  const loss = np.mean(away.mul(np.exp(np.negative(lnb.ref))).add(lnb).add(np.log(x.ref.mul(2).mul(np.subtract(1, x)))));
  tree.dispose(p);
  return loss.add(kl.mul(tokenizerLoss.klWeight));
}

/** One optimizer step, jitted: (p, m, v, corrections (2), ...data) → the next of each, and the loss. */
function training(lossOf: (p: Params, ...data: any[]) => any, weights: ReturnType<Material["weights"]>, data: any[]): Ready {
  const { lr, weightDecay, beta1, beta2, eps } = optimizer;
  const update = jax.jit(
    (p: Params, m: Params, v: Params, corrections: any, ...data: any[]) => {
      const [loss, g] = jax.valueAndGrad(lossOf)(tree.ref(p), ...data);
      const next: [Params, Params, Params] = [{}, {}, {}];
      for (const name in weights) {
        const first = m[name].mul(beta1).add(g[name].ref.mul(1 - beta1)),
          second = v[name].mul(beta2).add(np.square(g[name]).mul(1 - beta2));
        const c = corrections.ref,
          step = first.ref.div(c.ref.slice(0)).div(np.sqrt(second.ref.div(c.slice(1))).add(eps));
        const decayed = weights[name].decay ? p[name].ref.mul(weightDecay) : 0;
        next[0][name] = p[name].sub(step.add(decayed).mul(lr));
        next[1][name] = first;
        next[2][name] = second;
      }
      corrections.dispose();
      return [loss, ...next];
    },
  );
  const filled = (make: (name: string) => any) => Object.fromEntries(Object.keys(weights).map((name) => [name, make(name)]));
  let p = filled((name) => array(weights[name].data, weights[name].shape));
  let [m, v] = [0, 1].map(() => filled((name) => np.zeros(weights[name].shape))),
    step = 0;
  const run = async () => {
    step++;
    const corrections = array(Float32Array.of(1 - beta1 ** step, 1 - beta2 ** step), [2]);
    let loss;
    [loss, p, m, v] = update(p, m, v, corrections, ...data.map((d) => d.ref));
    await jax.blockUntilReady(p);
    return (await loss.data())[0];
  };
  return {
    run: async () => void await run(),
    async output() {
      const losses = [];
      for (let i = 0; i < comparedSteps; i++) losses.push(await run());
      return losses;
    },
    release: () => [p, m, v, ...data].forEach((held) => tree.dispose(held)),
  };
}

const array = (data: ArrayLike<number>, shape: number[]) => np.array(data).reshape(shape);

async function open(): Promise<Peer> {
  const devices = await jax.init(backend);
  if (!devices.includes(backend)) {
    throw new Error(`no ${backend} backend; it has ${devices.join(", ")}`);
  }
  jax.defaultDevice(backend);
  return {
    describe: () => `@jax-js/jax ${version("@jax-js/jax")}, ${backend}`,
    prepare: (job, material) => Promise.resolve(prepare(job, material)),
  };
}

function prepare(job: Job, material: Material): Ready {
  if (job.kind === "matmul") {
    const x = array(material.floats("x"), [job.M, job.K]),
      w = array(material.floats("w"), [job.N, job.K]);
    return inference(jax.jit((x: any, w: any) => linear(x, w)), [x, w]);
  }
  const weights = material.weights(),
    p = () => Object.fromEntries(Object.entries(weights).map(([name, { data, shape }]) => [name, array(data, shape)]));
  const side = "size" in job.model ? job.model.size : job.model.imageSize,
    pictures = array(material.floats("pictures"), [job.B, 3, side, side]);
  if (job.kind === "forward") {
    return inference(jax.jit((p: Params, x: any) => classes(p, x, job.model, job.B)), [p(), pictures]);
  }
  if (job.kind === "encode") {
    const { groups, blocks } = job.model;
    return inference(
      jax.jit((p: Params, x: any) => {
        const ids = np.argmax(encoder(p, x, groups, blocks), 1);
        tree.dispose(p);
        return ids;
      }),
      [p(), pictures],
    );
  }
  if (job.kind === "tokenizer") {
    const noise = array(material.floats("noise"), [job.B, job.model.vocab, side / 8, side / 8]);
    return training((p, x, noise) => tokenizer(p, x, noise, job), weights, [pictures, noise]);
  }
  const { B, masked, model } = job,
    N = (side / model.patchSize) ** 2,
    M = B * masked;
  const rows = material.input("rows"),
    chooses = new Float32Array(M * B * (N + 1));
  rows.forEach((row, i) => chooses[i * B * (N + 1) + row + Math.floor(row / N) + 1] = 1); // the class tokens lie between
  const targets = np.array(Int32Array.from(material.input("targets")));
  const lossOf = (p: Params, x: any, mask: any, chosen: any, targets: any) => {
    const tokens = np.matmul(chosen, vit(p, x, model, B, mask).reshape([B * (N + 1), model.dim]));
    const logits = linear(layerNorm(tokens, p["norm.weight"].ref, p["norm.bias"].ref), p["lm_head.weight"].ref, p["lm_head.bias"].ref);
    tree.dispose(p);
    return crossEntropy(logits, targets, M, model.vocab!);
  };
  return training(lossOf, weights, [pictures, array(material.floats("mask"), [B, N]), array(chooses, [M, B * (N + 1)]), targets]);
}

function inference(call: (...data: any[]) => any, data: any[]): Ready {
  const run = async () => {
    const y = call(...data.map((d) => tree.ref(d)));
    return await y.data();
  };
  return {
    run: async () => void await run(),
    output: run,
    release: () => data.forEach((d) => tree.dispose(d)),
  };
}

await serve(open);
