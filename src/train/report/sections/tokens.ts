import { escape, percent, shortNumber, table } from "../html.ts";
import type { ReportInputs } from "../inputs.ts";
import { tokenMap } from "../token_map.ts";

export function tokens({ evaluation: { tokenMaps = [] } }: ReportInputs): string {
  return tokenMaps.length ? `<div class="row">${tokenMaps.map(tokenMap).join("\n")}</div>` : "";
}

export function codebook({ evaluation: { codebook: found } }: ReportInputs): string {
  if (!found) return "";
  const { counts, metrics } = found, used = counts.filter((count) => count > 0).length, share = used / counts.length;
  const total = counts.reduce((a, b) => a + b, 0), sorted = counts.toSorted((a, b) => b - a);
  const says =
    `Held-out pictures use ${used} of ${counts.length} codes (${percent(share)}); the commonest is ${
      percent(sorted[0] / total)
    } of all tokens.` +
    (share < 0.1 ? " The codebook has collapsed." : "");
  return `<p>${escape(says)}</p>${usageBars(sorted, total)}` +
    table("On held-out pictures", ["measure", "value"], Object.entries(metrics).map(([name, value]) => [name, shortNumber(value)]));
}

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
