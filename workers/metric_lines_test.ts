import { expect, test } from "bun:test";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MetricLines } from "./metric_lines.ts";

const line = (step: number, more = {}) => JSON.stringify({ step, ...more }) + "\n";

test("lines come after a step, as they are appended, without a torn one, and anew where a resumed run took some off", () => {
  const folder = mkdtempSync(join(tmpdir(), "zellige-metrics-")), path = join(folder, "metrics.jsonl"), reader = new MetricLines();
  try {
    const steps = (after: number, limit = 100) => reader.lines(path, after, limit).map(({ step }) => step);
    expect([steps(-1), reader.lastStep(path)]).toEqual([[], 0]);
    writeFileSync(path, line(1) + line(2) + line(2, { measured: { loss: 1 } }));
    expect([steps(-1), steps(1, 1), steps(2), reader.lastStep(path)]).toEqual([[1, 2, 2], [2], [], 2]);
    appendFileSync(path, line(3) + '{"step": 4, "tra');
    expect([steps(1), reader.lastStep(path)]).toEqual([[2, 2, 3], 3]);
    appendFileSync(path, 'in": {"loss": 7}}\n');
    expect(reader.lines(path, 3, 9)).toEqual([{ step: 4, train: { loss: 7 } }] as never);
    // A resumed run goes back to its checkpoint: the file is longer in the end, but another.
    writeFileSync(path, line(1) + line(2, { resumed: true }) + line(3, { resumed: true, much: "longer than it was before" }));
    expect(reader.lines(path, 1, 9)).toEqual(
      [{ step: 2, resumed: true }, { step: 3, resumed: true, much: "longer than it was before" }] as never,
    );
    writeFileSync(path, line(1));
    expect([steps(-1), reader.lastStep(path)]).toEqual([[1], 1]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
