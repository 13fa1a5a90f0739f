// Curves as inline SVG: no script, readable in light and dark (colours are CSS classes), told apart by dashes too.

import { escape, shortNumber } from "./html.ts";

export interface Series {
  name: string;
  points: readonly (readonly [x: number, y: number])[];
}

export interface LineChart {
  title: string;
  /** Of the horizontal axis: "step". */
  x: string;
  series: readonly Series[];
  /** Horizontal lines to compare with: chance, a published value. */
  levels?: readonly { name: string; y: number }[];
  /** Names of values for the axis and the description; `shortNumber` if absent. */
  format?: (value: number) => string;
}

const WIDTH = 560, HEIGHT = 260, LEFT = 56, RIGHT = 24, TOP = 12, BOTTOM = 36;

/** Most points drawn of one series: as many as the chart has pixels across. Between them the mean is drawn. */
const MOST_POINTS = 480;

/**
 * A figure with a caption, a legend and a description of where each curve begins and ends. Values that are not finite leave a gap.
 *
 * ```ts
 * const svg = lineChart({ title: "loss", x: "step", series: [{ name: "training", points: [[0, 3], [10, 2]] }] });
 * console.assert(svg.includes("training from 3 at step 0 to 2 at step 10"));
 * ```
 */
export function lineChart({ title, x, series, levels = [], format = shortNumber }: LineChart): string {
  const drawn = series.map((one) => ({ ...one, points: thinned(one.points) })).filter(({ points }) => points.some(isFinitePoint));
  if (!drawn.length) return `<figure class="chart"><figcaption>${escape(title)}</figcaption><p>No values yet.</p></figure>`;
  const good = drawn.flatMap(({ points }) => points.filter(isFinitePoint)), finite = levels.filter(({ y }) => Number.isFinite(y));
  const across = range(good.map(([at]) => at)), up = range([...good.map(([, y]) => y), ...finite.map(({ y }) => y)]);
  const px = (at: number) => LEFT + (at - across.low) / across.span * (WIDTH - LEFT - RIGHT);
  const py = (y: number) => HEIGHT - BOTTOM - (y - up.low) / up.span * (HEIGHT - TOP - BOTTOM);

  const grid = ticks(up).map((y) =>
    `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${py(y).toFixed(1)}" y2="${py(y).toFixed(1)}"/>` +
    `<text class="tick" x="${LEFT - 6}" y="${(py(y) + 4).toFixed(1)}" text-anchor="end">${escape(format(y))}</text>`
  );
  const marks = ticks(across).map((at) =>
    `<text class="tick" x="${px(at).toFixed(1)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${escape(shortNumber(at))}</text>`
  );
  const compared = finite.map(({ name, y }, i) =>
    `<line class="level" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${py(y).toFixed(1)}" y2="${py(y).toFixed(1)}"/>` +
    `<text class="level-name" x="${i % 2 ? LEFT + 4 : WIDTH - RIGHT - 2}" y="${(py(y) - 3).toFixed(1)}" text-anchor="${
      i % 2 ? "start" : "end"
    }">${escape(name)}</text>`
  );
  const curves = drawn.map(({ points }, i) => `<path class="curve c${i % 6}" d="${path(points, px, py)}"/>`);
  const summary = drawn.map(({ name, points }) => {
    const [first, last] = [points.find(isFinitePoint)!, points.findLast(isFinitePoint)!];
    return `${name} from ${format(first[1])} at ${x} ${shortNumber(first[0])} to ${format(last[1])} at ${x} ${shortNumber(last[0])}`;
  }).concat(finite.map(({ name, y }) => `${name} ${format(y)}`)).join("; ");
  const legend = drawn.length > 1 || drawn[0].name !== title
    ? `<ul class="legend">${
      drawn.map(({ name, points }, i) => legendEntry(name, format(points.findLast(isFinitePoint)![1]), i)).join("")
    }</ul>`
    : "";
  return `<figure class="chart"><figcaption>${escape(title)}</figcaption>` +
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escape(`${title}: ${summary}`)}">` +
    `${grid.join("")}${marks.join("")}<text class="tick" x="${WIDTH - RIGHT}" y="${HEIGHT - 4}" text-anchor="end">${escape(x)}</text>` +
    `${compared.join("")}${curves.join("")}</svg>${legend}</figure>`;
}

const legendEntry = (name: string, last: string, i: number) =>
  `<li><svg class="key" viewBox="0 0 24 8" aria-hidden="true"><path class="curve c${i % 6}" d="M0 4H24"/></svg>${escape(name)} <b>${
    escape(last)
  }</b></li>`;

const isFinitePoint = ([x, y]: readonly [number, number]) => Number.isFinite(x) && Number.isFinite(y);

function path(points: Series["points"], px: (x: number) => number, py: (y: number) => number): string {
  let pen = "M";
  return points.map((point) => {
    if (!isFinitePoint(point)) {
      pen = "M";
      return "";
    }
    const drawn = `${pen}${px(point[0]).toFixed(1)} ${py(point[1]).toFixed(1)}`;
    pen = "L";
    return drawn;
  }).join("") + (points.filter(isFinitePoint).length === 1 ? "m-3 0h6" : ""); // a single point is a short dash
}

function thinned(points: Series["points"]): Series["points"] {
  if (points.length <= MOST_POINTS) return points;
  const size = Math.ceil(points.length / MOST_POINTS), means: [number, number][] = [];
  for (let i = 0; i < points.length; i += size) {
    const part = points.slice(i, i + size);
    means.push([part[part.length - 1][0], part.reduce((sum, [, y]) => sum + y, 0) / part.length]);
  }
  return means;
}

function range(values: number[]): { low: number; span: number } {
  const low = values.reduce((a, b) => Math.min(a, b), Infinity), high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const room = high > low ? 0 : Math.abs(low) || 1; // a flat curve stands in the middle
  return { low: low - room, span: high - low + 2 * room };
}

/** Three to six round values within a range. */
function ticks({ low, span }: { low: number; span: number }): number[] {
  const raw = span / 4, power = 10 ** Math.floor(Math.log10(raw)), step = power * [1, 2, 5, 10].find((m) => m * power >= raw)!;
  const found: number[] = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= low + span * (1 + 1e-9); n++) found.push(Number((n * step).toPrecision(12)));
  return found;
}
