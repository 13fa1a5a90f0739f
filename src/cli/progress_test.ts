import { expect, test } from "bun:test";
import { showProgress } from "./progress.ts";

function record(isTTY: boolean, updates: [number, number][]): string[] {
  const lines: string[] = [];
  let time = 0;
  const progress = showProgress("pictures", 200, { isTTY, columns: 60, write: (text) => lines.push(text) }, () => time);
  for (const [ms, done] of updates) {
    time = ms;
    progress.update(done);
  }
  progress.finish();
  return lines;
}

test("showProgress() writes a plain line each tenth part where there is no terminal", () => {
  expect(record(false, [[100, 3], [1000, 20], [1100, 22], [2000, 40], [40_000, 41], [50_000, 200]])).toEqual([
    "20 of 200 pictures, 20/s, 9 s left\n",
    "40 of 200 pictures, 20/s, 8 s left\n",
    "41 of 200 pictures, 1.0/s, 2 min 36 s left\n",
    "200 of 200 pictures, 4.0/s, 0 s left\n",
  ]);
});

test("showProgress() draws one line over itself on a terminal, not too often, and takes it away", () => {
  const lines = record(true, [[1000, 100], [1050, 101], [2000, 200]]);
  expect(lines).toEqual([
    "\r\x1b[K[###############...............] 100 of 200 pictures, 100/s",
    "\r\x1b[K[##############################] 200 of 200 pictures, 100/s",
    "\r\x1b[K",
  ]);
});
