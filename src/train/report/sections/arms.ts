// Fine-tuning from scratch and from the pre-trained encoder, side by side: what pre-training was for.

import type { MetricLine } from "../../run/metrics.ts";
import { percent, table } from "../html.ts";
import type { ReportInputs } from "../inputs.ts";
import { lineChart, type Series } from "../line_chart.ts";
import { seriesOf } from "./curves.ts";

const names = { scratch: "from scratch", pretrained: "pre-trained" } as const;
type Arm = keyof typeof names;
const arms = Object.keys(names) as Arm[];

/** One fine-tuning of several: the record's job "finetune-scratch-10pc-seed0". */
export function armOf(job: string): { arm: Arm; labels: number; seed: number } | undefined {
  const found = /^finetune-(scratch|pretrained)-([\d.]+)pc-seed(\d+)$/.exec(job);
  return found ? { arm: found[1] as Arm, labels: Number(found[2]) / 100, seed: Number(found[3]) } : undefined;
}

/** The mean over the seeds at every step that all of them have. */
export function meanOf(curves: readonly Series["points"][]): Series["points"] {
  const sums = new Map<number, { sum: number; count: number }>();
  for (const [x, y] of curves.flat()) {
    const at = sums.get(x) ?? { sum: 0, count: 0 };
    sums.set(x, { sum: at.sum + y, count: at.count + 1 });
  }
  return [...sums].filter(([, { count }]) => count === curves.length).sort(([a], [b]) => a - b).map((
    [x, { sum, count }],
  ) => [x, sum / count]);
}

export function scratchAgainstPretrained({ metrics, evaluation }: ReportInputs): string {
  const jobs = new Map<string, MetricLine[]>();
  for (const line of metrics) {
    if (!armOf(line.job)) continue;
    if (!jobs.has(line.job)) jobs.set(line.job, []);
    jobs.get(line.job)!.push(line);
  }
  const shares = [...new Set([...jobs.keys()].map((job) => armOf(job)!.labels))].sort((a, b) => a - b);
  const charts = shares.flatMap((labels) => (["loss", "accuracy", "meanIou"] as const).map((key) => chart(jobs, labels, key))).filter(
    Boolean,
  );
  const found = evaluation.finetune ?? [], segmented = found.some(({ meanIou }) => meanIou !== undefined);
  const results = found.length
    ? resultTable(found, "accuracy", segmented ? "Share of the pixels of test pictures that are right" : "Accuracy on test pictures") +
      (segmented ? resultTable(found, "meanIou", "Mean intersection over union on test pictures") + classTable(found) : "")
    : "";
  return results || charts.length ? `${results}<div class="row">${charts.join("\n")}</div>` : "";
}

/** Held-out values where they were measured on the way, else those of training. */
function chart(jobs: ReadonlyMap<string, MetricLine[]>, labels: number, key: "loss" | "accuracy" | "meanIou"): string {
  const curves = (arm: Arm, part: "measured" | "train") =>
    [...jobs].filter(([job]) => armOf(job)!.arm === arm && armOf(job)!.labels === labels)
      .map(([, lines]) => seriesOf(lines, part, key)).filter((points) => points.length);
  const part = arms.some((arm) => curves(arm, "measured").some((points) => points.length > 1)) ? "measured" : "train";
  const series = arms.flatMap((arm) => {
    const found = curves(arm, part);
    return found.length ? [{ name: names[arm], points: meanOf(found) }] : [];
  });
  const title = `${part === "measured" ? "held-out" : "training"} ${key === "meanIou" ? "mean IoU" : key}, ${100 * labels} % of the labels`;
  return series.length ? lineChart({ title, x: "step", series }) : "";
}

type Results = NonNullable<ReportInputs["evaluation"]["finetune"]>;

function resultTable(results: Results, key: "accuracy" | "meanIou", title: string): string {
  const shares = [...new Set(results.map(({ labels }) => labels))].sort((a, b) => a - b);
  const of = (arm: Arm, labels: number) => results.filter((r) => r.arm === arm && r.labels === labels).flatMap((r) => r[key] ?? []);
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const rows = shares.map((labels) => {
    const [scratch, pretrained] = arms.map((arm) => of(arm, labels));
    const gap = scratch.length && pretrained.length ? `${(100 * (mean(pretrained) - mean(scratch))).toFixed(1)} points` : "";
    return [`${100 * labels} %`, ...[scratch, pretrained].map(inWords), gap, String(Math.max(scratch.length, pretrained.length))];
  });
  return table(
    `${title}, mean and spread over the seeds`,
    ["labels", "from scratch", "pre-trained", "gain", "seeds"],
    rows,
  );

  function inWords(values: number[]): string {
    if (!values.length) return "";
    if (values.length === 1) return percent(values[0]);
    const std = Math.sqrt(values.reduce((sum, v) => sum + (v - mean(values)) ** 2, 0) / (values.length - 1));
    return `${percent(mean(values))} ± ${(100 * std).toFixed(1)}`;
  }
}

/** Each class by each fine-tuning, the hardest first. */
function classTable(results: Results): string {
  const of = results.filter(({ iou }) => iou), best = (name: string) => Math.max(...of.map(({ iou }) => iou![name] ?? 0));
  const classes = [...new Set(of.flatMap(({ iou }) => Object.keys(iou!)))].sort((a, b) => best(a) - best(b));
  const head = of.map(({ arm, labels, seed }) => `${names[arm]}, ${100 * labels} % of the labels, seed ${seed}`);
  const rows = classes.map((name) => [name, ...of.map(({ iou }) => iou![name] === undefined ? "" : percent(iou![name]))]);
  return `<details><summary>by class</summary>${table("Intersection over union of each class", ["class", ...head], rows)}</details>`;
}
