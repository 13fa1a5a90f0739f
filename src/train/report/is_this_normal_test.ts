import { expect, test } from "bun:test";
import { tokenBaselines } from "../../evaluate/token_statistics.ts";
import type { MetricLine } from "../run/metrics.ts";
import { factsOf } from "./facts.ts";
import { isThisNormal, type TrainingFacts } from "./is_this_normal.ts";

/** 8,192 tokens, the n-th occurring in proportion to 1 / n. */
const zipf = Float64Array.from({ length: 8192 }, (_, n) => 1e6 / (n + 1)), baselines = tokenBaselines(zipf, zipf);
const verdicts = (facts: TrainingFacts) => Object.fromEntries(isThisNormal(facts).map(({ what, verdict }) => [what, verdict]));

test("the official run's numbers are good, and the sentence says that 5 % is normal", () => {
  const even = new Float64Array(8192).fill(1), uniform = tokenBaselines(even, even);
  const found = isThisNormal({ loss: 6.299, tokenAccuracy: 0.0496, baselines: uniform, step: 375_000, steps: 500_000, gradNorm: 0.42 });
  expect(found.map(({ verdict }) => verdict)).toEqual(["good", "good", "normal"]);
  expect(found[0].says).toMatch(/guessing evenly among 8192 tokens is 9\.01/);
  expect(found[1].says).toMatch(/4\.96 % is above both baselines, 406 times chance.*official model ends at 4\.96 %/);
});

test("a loss above chance is watched at first and wrong later", () => {
  expect(verdicts({ loss: 9.5, baselines, step: 5, steps: 1000 })).toEqual({ loss: "watch" });
  expect(verdicts({ loss: 9.5, baselines, step: 500, steps: 1000 })).toEqual({ loss: "wrong" });
});

test("a model that knows only frequencies is normal at first and watched later", () => {
  const facts = { loss: baselines.unigram.loss, tokenAccuracy: baselines.unigram.accuracy, baselines, steps: 1000 };
  expect(verdicts({ ...facts, step: 50 })).toEqual({ loss: "normal", "token accuracy": "normal" });
  expect(verdicts({ ...facts, step: 900 })).toEqual({ loss: "watch", "token accuracy": "watch" });
});

test("predicted pixels are judged by patches of their mean colour", () => {
  expect(verdicts({ loss: 0.7, flatLoss: 0.99, step: 900, steps: 1000 })).toEqual({ loss: "good" });
  expect(verdicts({ loss: 0.985, flatLoss: 0.99, step: 20, steps: 1000 })).toEqual({ loss: "normal" });
  expect(verdicts({ loss: 0.985, flatLoss: 0.99, step: 900, steps: 1000 })).toEqual({ loss: "watch" });
});

test("what is wrong comes first and has advice", () => {
  const found = isThisNormal({ loss: NaN, codes: { used: 40, all: 8192 }, dataWait: 0.3, gradNorm: 0.5 });
  expect(found.map(({ verdict }) => verdict)).toEqual(["wrong", "wrong", "watch", "normal"]);
  expect(found.filter(({ verdict }) => verdict !== "normal").every(({ advice }) => advice)).toBe(true);
  expect(found.map(({ says }) => says).join(" ")).toMatch(/codebook has collapsed. Held-out pictures use 40 of 8192 codes \(0\.49 %\)/);
});

test("a held-out loss that rises again is named with both values, noise is not", () => {
  expect(verdicts({ heldOutLosses: [7, 6.5, 6.2, 6.9] })).toEqual({ "held-out loss": "watch" });
  expect(verdicts({ heldOutLosses: [7, 6.5, 6.2, 6.25] })).toEqual({});
});

test("gradients, codes and data are judged each by itself", () => {
  expect(verdicts({ gradNorm: 40, clip: 3 })).toEqual({ "gradient norm": "watch" });
  expect(verdicts({ gradNorm: Infinity })).toEqual({ "gradient norm": "wrong" });
  expect(verdicts({ codes: { used: 30, all: 100 } })).toEqual({ "code usage": "watch" });
  expect(verdicts({ codes: { used: 95, all: 100 }, dataWait: 0.01 })).toEqual({ "code usage": "good", "waiting for data": "good" });
  expect([verdicts({ psnr: 11.8 }), verdicts({ psnr: 21 })]).toEqual([{ reconstructions: "watch" }, { reconstructions: "normal" }]);
  expect(isThisNormal({})).toEqual([]);
});

test("factsOf() takes the newest pre-training values, held-out ones before those of training", () => {
  const line = (jobStep: number, more: Partial<MetricLine>): MetricLine => ({
    step: 100 + jobStep,
    stage: "pretrain",
    job: "pretrain",
    jobStep,
    time: 0,
    ...more,
  });
  const metrics = [
    line(10, { train: { loss: 9, accuracy: 0.01, gradNorm: 2 }, measured: { loss: 8.9, accuracy: 0.02 } }),
    line(20, { train: { loss: 8, accuracy: 0.03, gradNorm: 1 }, speed: { dataWait: 0.02, picturesPerSecond: 9, epoch: 0, skipped: 0 } }),
    { ...line(5, { train: { loss: 1 } }), stage: "finetune" as const },
  ];
  expect(factsOf(metrics, { codebook: { counts: [3, 0, 1], metrics: { psnr: 20 } } }, { clip: 3, steps: 50 })).toEqual({
    step: 20,
    steps: 50,
    loss: 8.9,
    tokenAccuracy: 0.02,
    heldOutLosses: [8.9],
    gradNorm: 1,
    clip: 3,
    codes: { used: 2, all: 3 },
    psnr: 20,
    dataWait: 0.02,
  });
});

test("factsOf() finds the baselines in the record where there are no results yet", () => {
  const measured = { loss: 4, chance: 1 / 64, chanceLoss: Math.log(64), unigram: 0.1, unigramLoss: 3.5 };
  expect(factsOf([{ step: 1, stage: "pretrain", job: "pretrain", jobStep: 1, time: 0, measured }]).baselines).toEqual({
    vocab: 64,
    chance: { accuracy: 1 / 64, loss: Math.log(64) },
    unigram: { accuracy: 0.1, loss: 3.5 },
  });
});
