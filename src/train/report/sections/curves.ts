import type { TokenBaselines } from "../../../evaluate/token_statistics.ts";
import type { MetricLine } from "../../run/metrics.ts";
import { escape, shortNumber, table } from "../html.ts";
import type { ReportInputs } from "../inputs.ts";
import { lineChart, type Series } from "../line_chart.ts";

/** The values of one name in one part of the record's lines. */
export function seriesOf(lines: readonly MetricLine[], part: "train" | "measured" | "schedule" | "speed", key: string): Series["points"] {
  return lines.flatMap((line) => {
    const value = (line[part] as Record<string, number> | undefined)?.[key];
    return value === undefined ? [] : [[line.jobStep, value ?? NaN] as const]; // JSON has null for what is not finite
  });
}

const keysOf = (lines: readonly MetricLine[], part: "train" | "measured" | "schedule" | "speed") => [
  ...new Set(lines.flatMap((line) => Object.keys(line[part] ?? {}))),
];

const words: Record<string, string> = {
  gradNorm: "gradient norm",
  lossScale: "loss scale",
  overflow: "share of updates left out",
  lr: "learning rate",
  knn: "kNN accuracy",
  knnBlock: "block of the best kNN",
  rawKnn: "kNN accuracy without whitening",
  probe: "linear probe's accuracy",
  lastClassTokenKnn: "kNN accuracy of the last block's class token",
  lastClassTokenRawKnn: "the same without whitening",
  lastClassTokenProbe: "linear probe's accuracy of the last block's class token",
  dataWait: "share of time waiting for data",
  picturesPerSecond: "pictures a second",
  usage: "share of codes in use",
  unevenness: "unevenness of the codes' use, nats",
  psnr: "PSNR, dB",
  unigramEntropy: "unigram entropy of tokens, bits",
};
/** What a schedule and a loss share the name of. */
const weights: Record<string, string> = { kl: "weight of the divergence", usage: "weight of even use" };
export const inWords = (key: string) => words[key] ?? key.replace(/([a-z])([A-Z])/g, (_, a, b) => `${a} ${b.toLowerCase()}`);

/** Measured values that others are compared with: lines in their charts. */
const levelsOf: Record<string, Record<string, string>> = {
  loss: { chanceLoss: "chance", unigramLoss: "unigram", flatLoss: "mean colour of each patch" },
  accuracy: { chance: "chance", unigram: "unigram" },
};
const compared = new Set(Object.values(levelsOf).flatMap((levels) => Object.keys(levels)));

/** Every number of one training that was logged more than once as a chart: values of training and of held-out pictures share one. */
export function jobCharts(lines: readonly MetricLine[], baselines?: TokenBaselines): string[] {
  const keys = new Set(
    [...keysOf(lines, "train"), ...keysOf(lines, "measured")].filter((key) => !compared.has(key) && !isSingle(lines, key)),
  );
  const charts = [...keys].map((key) => {
    const series = [
      { name: "training", points: seriesOf(lines, "train", key) },
      { name: "held out", points: seriesOf(lines, "measured", key) },
    ].filter(({ points }) => points.length);
    const levels = Object.entries(levelsOf[key] ?? {}).flatMap(([measured, name]) => {
      const known = baselines?.[name as "chance" | "unigram"]?.[key as "loss" | "accuracy"];
      const y = known ?? seriesOf(lines, "measured", measured).at(-1)?.[1];
      return y === undefined ? [] : [{ name, y }];
    });
    return lineChart({ title: inWords(key), x: "step", series, levels });
  });
  const others = (["schedule", "speed"] as const).flatMap((part) =>
    keysOf(lines, part).filter((key) => key !== "epoch" && key !== "skipped").map((key) => {
      const title = part === "schedule" ? weights[key] ?? inWords(key) : inWords(key);
      return lineChart({ title, x: "step", series: [{ name: title, points: seriesOf(lines, part, key) }] });
    })
  );
  return [...charts, ...others];
}

/** Whether there is one value of a name, so that a table says it better. */
const isSingle = (lines: readonly MetricLine[], key: string) =>
  seriesOf(lines, "train", key).length + seriesOf(lines, "measured", key).length === 1;

/** What was measured once, on held-out pictures at the end as a rule. */
function singles(lines: readonly MetricLine[]): string {
  const rows = keysOf(lines, "measured").filter((key) => isSingle(lines, key) && !compared.has(key)).map((key) => [
    inWords(key),
    shortNumber(seriesOf(lines, "measured", key)[0][1]),
  ]);
  return rows.length ? table("Measured once, on held-out pictures", ["measure", "value"], rows) : "";
}

/** Fine-tuning has a section of its own, which compares its trainings. */
export function curves({ metrics, evaluation }: ReportInputs): string {
  const jobs = new Map<string, MetricLine[]>();
  for (const line of metrics) {
    if (line.stage === "finetune") continue;
    if (!jobs.has(line.job)) jobs.set(line.job, []);
    jobs.get(line.job)!.push(line);
  }
  return [...jobs].map(([job, lines]) => {
    const charts = jobCharts(lines, lines[0].stage === "pretrain" ? evaluation.tokens : undefined);
    const once = singles(lines);
    return charts.length || once ? `<h3>${escape(job)}</h3><div class="row">${charts.join("\n")}</div>${once}` : "";
  }).join("\n");
}
