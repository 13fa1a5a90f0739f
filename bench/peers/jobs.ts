// What is timed: data only, so that a peer's process needs nothing of this project but this list and the files of `material.ts`.

/** A vision transformer with absolute positions, without layer scale: classes of whole pictures, or a vocabulary at masked patches. */
export interface ViT {
  name: string;
  imageSize: number;
  patchSize: number;
  dim: number;
  depth: number;
  heads: number;
  classes?: number;
  vocab?: number;
}

/** A dVAE of DALL-E's form; `size` is the side of its pictures. */
export interface Dvae {
  name: string;
  size: number;
  groups: number;
  blocks: number;
  vocab: number;
}

interface Common {
  /** Names the files of the job. */
  id: string;
  title: string;
  /** Too much for a WebGPU adapter that runs on the CPU. */
  heavy?: boolean;
  /** A job that came before, and how many times its work this is: what would take too long is foreseen and left out. */
  after?: { id: string; times: number };
}

export type Job =
  & Common
  & (
    | { kind: "matmul"; M: number; K: number; N: number }
    | { kind: "forward"; model: ViT; B: number }
    | { kind: "training"; model: ViT; B: number; masked: number }
    | { kind: "encode"; model: Dvae; B: number }
    | { kind: "tokenizer"; model: Dvae; B: number }
  );

export const optimizer = { lr: 1e-3, weightDecay: 0.05, beta1: 0.9, beta2: 0.999, eps: 1e-8 };

/** Of the terms of the tokenizer's loss: reconstruction + klWeight * KL. */
export const tokenizerLoss = { temperature: 0.9, klWeight: 0.01 };

/** Losses that are compared before a training step is timed: the later ones depend on every gradient and on the update. */
export const comparedSteps = 3;

const tiny = { imageSize: 224, patchSize: 16, dim: 192, depth: 12, heads: 3 };
const vitTiny: ViT = { name: "vit-tiny", ...tiny, classes: 1000 };
const vitBase: ViT = { name: "vit-base", ...tiny, dim: 768, heads: 12, classes: 1000 };
const small: Dvae = { name: "dvae-small", size: 112, groups: 4, blocks: 1, vocab: 8192 };

export const jobs: Job[] = [
  {
    id: "matmul-788",
    title: "matmul 788x768x768",
    kind: "matmul",
    M: 788,
    K: 768,
    N: 768,
  },
  {
    id: "matmul-196",
    title: "matmul 196x768x3072",
    kind: "matmul",
    M: 196,
    K: 768,
    N: 3072,
  },
  {
    id: "ti-1",
    title: "ViT-Tiny/16 forward, batch 1",
    kind: "forward",
    model: vitTiny,
    B: 1,
  },
  {
    id: "ti-8",
    title: "ViT-Tiny/16 forward, batch 8",
    kind: "forward",
    model: vitTiny,
    B: 8,
    heavy: true,
    after: { id: "ti-1", times: 8 },
  },
  {
    id: "b-1",
    title: "ViT-B/16 forward, batch 1",
    kind: "forward",
    model: vitBase,
    B: 1,
    heavy: true,
    after: { id: "ti-1", times: 13 },
  },
  {
    id: "b-8",
    title: "ViT-B/16 forward, batch 8",
    kind: "forward",
    model: vitBase,
    B: 8,
    heavy: true,
    after: { id: "b-1", times: 8 },
  },
  {
    id: "mini-step",
    title: "training step, mini (64 px, patch 8, dim 192, depth 6), batch 8",
    kind: "training",
    model: { name: "mini", imageSize: 64, patchSize: 8, dim: 192, depth: 6, heads: 3, vocab: 8192 },
    B: 8,
    masked: 26,
  },
  {
    id: "ti-step",
    title: "training step, ViT-Tiny/16, batch 8",
    kind: "training",
    model: { name: "vit-tiny-masked", ...tiny, vocab: 8192 },
    B: 8,
    masked: 75,
    heavy: true,
    after: { id: "mini-step", times: 6 },
  },
  {
    id: "dvae-encode",
    title: "dVAE small, 112 px, batch 2: encode",
    kind: "encode",
    model: small,
    B: 2,
    after: { id: "ti-1", times: 8 },
  },
  {
    id: "dvae-step",
    title: "dVAE small, 112 px, batch 2: training step",
    kind: "tokenizer",
    model: small,
    B: 2,
    heavy: true,
    after: { id: "dvae-encode", times: 5 },
  },
];

/** Names, shapes and types of a job's inputs. */
export function inputsOf(job: Job): Record<string, { shape: number[]; dtype: "f32" | "u32" }> {
  if (job.kind === "matmul") {
    return {
      x: { shape: [job.M, job.K], dtype: "f32" },
      w: { shape: [job.N, job.K], dtype: "f32" },
    };
  }
  if (job.kind === "encode") {
    return {
      pictures: { shape: [job.B, 3, job.model.size, job.model.size], dtype: "f32" },
    };
  }
  if (job.kind === "tokenizer") {
    const { size, groups, vocab } = job.model, side = size / 2 ** (groups - 1);
    return {
      pictures: { shape: [job.B, 3, size, size], dtype: "f32" },
      noise: { shape: [job.B, vocab, side, side], dtype: "f32" },
    };
  }
  const { imageSize: S, patchSize } = job.model,
    N = (S / patchSize) ** 2,
    pictures = { shape: [job.B, 3, S, S], dtype: "f32" as const };
  if (job.kind === "forward") return { pictures };
  return {
    pictures,
    mask: { shape: [job.B, N], dtype: "f32" },
    rows: { shape: [job.B * job.masked], dtype: "u32" },
    targets: { shape: [job.B * job.masked], dtype: "u32" },
  };
}
