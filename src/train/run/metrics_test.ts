import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { inFolder } from "../testing.ts";
import { type MetricLine, Metrics, readMetrics } from "./metrics.ts";

const line = (step: number): MetricLine => ({
  step,
  stage: "pretrain",
  job: "pretrain",
  jobStep: step,
  time: 5,
  train: { loss: step / 3 },
});

test("a record keeps every line, mends a torn end at every length, and goes on", async () => {
  await inFolder((folder) => {
    const path = `${folder}/metrics.jsonl`, first = new Metrics(path);
    for (const step of [1, 2, 3]) first.append(line(step));
    first.sync();
    first.close();
    const whole = readFileSync(path), ends = [...whole].flatMap((byte, i) => byte === 10 ? [i + 1] : []);
    for (let length = 0; length <= whole.length; length++) {
      writeFileSync(path, whole.subarray(0, length));
      const lines = ends.filter((end) => end <= length).length;
      expect(readMetrics(path).length, `${length} bytes`).toBe(lines);
      const mended = new Metrics(path);
      mended.append(line(9));
      mended.close();
      expect(readMetrics(path).map(({ step }) => step), `${length} bytes`).toEqual([...[1, 2, 3].slice(0, lines), 9]);
    }
    return Promise.resolve();
  });
});

test("a record mends a last line that a crash filled with zeros", async () => {
  await inFolder((folder) => {
    const path = `${folder}/metrics.jsonl`;
    writeFileSync(path, `${JSON.stringify(line(1))}\n\0\0\0\0\n`);
    expect(readMetrics(path)).toEqual([line(1)]);
    new Metrics(path).close();
    expect(readFileSync(path, "utf8")).toBe(`${JSON.stringify(line(1))}\n`);
    return Promise.resolve();
  });
});

test("a record can be taken back to a length it had, and never beyond its end", async () => {
  await inFolder((folder) => {
    const path = `${folder}/metrics.jsonl`, metrics = new Metrics(path);
    metrics.append(line(1));
    const { length } = metrics;
    metrics.append(line(2));
    metrics.rewind(length + 10_000);
    expect(readMetrics(path)).toHaveLength(2);
    metrics.rewind(length);
    metrics.append(line(7));
    metrics.close();
    expect(readMetrics(path).map(({ step }) => step)).toEqual([1, 7]);
    return Promise.resolve();
  });
});
