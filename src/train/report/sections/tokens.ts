import { codebookStatistics, whatToDo } from "../../../evaluate/codebook.ts";
import { escape, percent, shortNumber, table } from "../html.ts";
import type { ReportInputs } from "../inputs.ts";
import { tokenMap } from "../token_map.ts";
import { inWords } from "./curves.ts";

export function tokens({ evaluation: { tokenMaps = [] } }: ReportInputs): string {
  return tokenMaps.length ? `<div class="row">${tokenMaps.map(tokenMap).join("\n")}</div>` : "";
}

export function codebook({ evaluation: { codebook: found } }: ReportInputs): string {
  if (!found) return "";
  const { counts, metrics } = found, { words, collapsed, tokens, histogram } = codebookStatistics(counts);
  const sorted = counts.toSorted((a, b) => b - a), commonest = percent(sorted[0] / tokens);
  const says = `On held-out pictures: ${words} The commonest is ${commonest} of all tokens.${collapsed ? ` ${whatToDo}` : ""}`;
  const rows = histogram.map(({ from, to, codes }) => [between(from, to), String(codes)]);
  return `<p>${escape(says)}</p>${usageBars(sorted, tokens)}` +
    table("Codes by how often they occur, as a multiple of an even share", ["times an even share", "codes"], rows) +
    table(
      "On held-out pictures",
      ["measure", "value"],
      Object.entries(metrics).map(([name, value]) => [inWords(name), shortNumber(value)]),
    );
}

const between = (from: number, to: number) =>
  to === 0 ? "never" : to === Infinity ? `more than ${from}` : from === 0 ? `up to ${to}` : `${from} to ${to}`;

/** Codes by falling use: level where all are used evenly, a spike where few do the work. */
function usageBars(sorted: number[], total: number): string {
  const width = 560, height = 120, bars = Math.min(sorted.length, 280), size = sorted.length / bars;
  const heights = Array.from({ length: bars }, (_, i) => {
    const part = sorted.slice(Math.floor(i * size), Math.max(Math.floor(i * size) + 1, Math.floor((i + 1) * size)));
    return part.reduce((a, b) => a + b, 0) / part.length;
  });
  const rects = heights.map((n, i) => {
    const tall = heights[0] > 0 ? n / heights[0] * height : 0;
    return `<rect x="${(i * width / bars).toFixed(2)}" y="${(height - tall).toFixed(2)}" width="${
      (width / bars * 0.9).toFixed(2)
    }" height="${tall.toFixed(2)}"/>`;
  });
  const label = `Use of the codes, commonest first: from ${percent(sorted[0] / total)} of all tokens to ${
    percent(sorted[sorted.length - 1] / total)
  }`;
  return `<figure class="chart"><figcaption>use of the codes, commonest first</figcaption>` +
    `<svg class="bars" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(label)}">${rects.join("")}</svg></figure>`;
}
