// A run's folder with a bit of everything, for tests of the report.
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { encodePng } from "../../data/encode.ts";
import { testPicture } from "../../data/test_picture.ts";
import { countTokens, tokenBaselines } from "../../evaluate/token_statistics.ts";
import type { MetricLine } from "../run/metrics.ts";
import { type Evaluation, pictureKinds, recordEvaluation } from "./inputs.ts";

export async function exampleRun(): Promise<string> {
  const folder = `${mkdtempSync(`${tmpdir()}/zellige-report-`)}/mosaics <1>`;
  mkdirSync(`${folder}/pictures`, { recursive: true });
  writeFileSync(`${folder}/recipe.json`, JSON.stringify({ preset: "mosaics-tiny", pretrain: { clip: 3, steps: 200 } }));
  writeFileSync(`${folder}/metrics.jsonl`, exampleMetrics().map((line) => JSON.stringify(line) + "\n").join("") + '{"torn": ');
  recordEvaluation(folder, exampleEvaluation());
  for (const kind of [...Object.keys(pictureKinds), "odd"]) {
    writeFileSync(`${folder}/pictures/${kind}-1.png`, await encodePng(testPicture(96, 24)));
  }
  return folder;
}

function exampleMetrics(): MetricLine[] {
  const lines: MetricLine[] = [], start = Date.UTC(2026, 0, 1);
  const add = (line: Omit<MetricLine, "step" | "time">) =>
    lines.push({ step: lines.length * 10, time: start + lines.length * 1000, ...line });
  add({ stage: "tokenizer", job: "tokenizer", jobStep: 0, event: "started" });
  for (let i = 0; i <= 20; i++) {
    const train = { loss: 0.5 + Math.exp(-i / 5), gradNorm: 1 + 1 / (i + 1) };
    add({
      stage: "tokenizer",
      job: "tokenizer",
      jobStep: 10 * i,
      train,
      measured: { psnr: 10 + i / 2 },
      schedule: { temperature: 1 / (1 + i) },
    });
  }
  for (let i = 0; i <= 20; i++) {
    const loss = 4.2 - 1.5 * (1 - Math.exp(-i / 8)), speed = { dataWait: 0.01, picturesPerSecond: 240 + i, epoch: i, skipped: 0 };
    const measured = i % 5 ? undefined : { loss: loss + 0.05, accuracy: 0.02 + i / 200, chance: 1 / 64, chanceLoss: Math.log(64) };
    add({ stage: "pretrain", job: "pretrain", jobStep: 10 * i, train: { loss, accuracy: 0.02 + i / 190, gradNorm: 0.8 }, measured, speed });
  }
  for (const [labels, far] of [["1pc", 0.4], ["10pc", 0.6], ["100pc", 0.85]] as const) {
    for (const [arm, gain] of [["scratch", 0], ["pretrained", 0.12]] as const) {
      for (const seed of [0, 1]) {
        for (let i = 0; i <= 10; i++) {
          const accuracy = (far + gain) * (1 - Math.exp(-i / (arm === "scratch" ? 4 : 2))) + seed / 100;
          add({
            stage: "finetune",
            job: `finetune-${arm}-${labels}-seed${seed}`,
            jobStep: 10 * i,
            measured: { loss: 2 - 2 * accuracy, accuracy },
          });
        }
      }
    }
  }
  add({ stage: "finetune", job: "finetune-pretrained-100pc-seed1", jobStep: 100, event: "finished" });
  return lines;
}

function exampleEvaluation(): Evaluation {
  const tokens = Array.from({ length: 4 * 64 }, (_, i) => i * i % 61), counts = Array.from(countTokens(tokens, 64));
  const spread = (mean: number) => ({ mean, std: 0.01 }), pools = ["class-token", "mean"] as const;
  const validation = [1, 2, 3, 4].flatMap((block) =>
    pools.map((pool) => ({
      block,
      pool,
      shrinkage: 0.01,
      knn: 0.3 + 0.1 * block - 0.05 * Number(block > 3) - 0.1 * Number(pool === "class-token"),
      rawKnn: 0.2 + 0.1 * block,
      probe: 0.5 + 0.05 * block,
    }))
  );
  const row = (name: string, kind: "embedder" | "baseline", knn: number) => ({
    name,
    kind,
    dim: 64,
    knn: spread(knn),
    recall1: spread(knn),
    meanAveragePrecision: spread(knn / 2),
  });
  return {
    tokens: tokenBaselines(Float64Array.from(counts), Float64Array.from(counts)),
    codebook: { counts, metrics: { psnr: 21.4, l1: 0.0612, bitsPerPixel: 0.094, perplexity: 41.2 } },
    tokenMaps: [0, 1, 2, 3].map((n) => ({
      name: `picture ${n}`,
      rows: 8,
      columns: 8,
      vocab: 64,
      tokens: tokens.slice(64 * n, 64 * n + 64),
    })),
    blocks: {
      validation,
      chosen: { ...validation[5], shrinkage: 0.01, knn: 0.58, rawKnn: 0.55 },
      lastClassToken: { ...validation[6], shrinkage: 1, knn: 0.41, rawKnn: 0.41 },
      pictures: { train: 2000, validation: 500, test: 500 },
      k: 10,
    },
    finetune: [0.01, 0.1, 1].flatMap((labels, i) =>
      [0, 1].flatMap((seed) => [
        { arm: "scratch" as const, labels, seed, accuracy: 0.4 + 0.2 * i + seed / 100 },
        { arm: "pretrained" as const, labels, seed, accuracy: 0.52 + 0.18 * i + seed / 100 },
      ])
    ),
    qualityCard: {
      pictures: 500,
      classes: 10,
      seeds: [0, 1, 2],
      k: 20,
      chance: 0.1,
      rows: [
        row("block 3, mean, whitened", "embedder", 0.61),
        row("colour histogram", "baseline", 0.35),
        row("random encoder", "baseline", 0.3),
      ],
      verdicts: ["block 3, mean, whitened beats colour histogram: kNN 61.0 % against 35.0 %."],
    },
    captions: { "odd-1.png": "A picture & its <caption>." },
  };
}
