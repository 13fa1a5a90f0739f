// Curves over steps with uPlot: one chart for losses, one for accuracies, one for everything else that is asked for.

import { element } from "./element.js";

/** Custom properties of the page, which the theme decides. */
const colours = 6;

/** What of a line of the record is drawn: { "train loss": 3.2, "held out accuracy": 0.1, … }. */
export function valuesOf(line) {
  const values = {};
  for (const [name, value] of Object.entries(line.train ?? {})) values[name] = value;
  for (const [name, value] of Object.entries(line.measured ?? {})) values[`held-out ${name}`] = value;
  return values;
}

const height = 220;

const groups = [
  { title: "Loss", has: (name) => /loss/i.test(name) },
  { title: "Accuracy", has: (name) => /accuracy|chance|unigram/i.test(name) },
  { title: "Codes in use and reconstruction", has: (name) => /usage|perplexity|psnr/i.test(name) },
];

/** The charts of one training. `add` takes lines of the record in their order. */
export class Curves {
  #lines = [];
  #plots = new Map();

  constructor(parent) {
    this.parent = parent;
    parent.replaceChildren();
  }

  /** Draws all anew, in the colours of the theme as it is now. */
  redraw() {
    for (const { figure } of this.#plots.values()) figure.remove();
    this.#plots.clear();
    for (const group of groups) this.#draw(group);
  }

  get lines() {
    return this.#lines;
  }

  add(lines) {
    if (!lines.length) return;
    this.#lines.push(...lines);
    for (const group of groups) this.#draw(group);
  }

  #draw({ title, has }) {
    const names = [...new Set(this.#lines.flatMap((line) => Object.keys(valuesOf(line)).filter(has)))];
    if (!names.length) return;
    const drawn = this.#lines.filter((line) => Object.keys(valuesOf(line)).some(has));
    const data = [drawn.map(({ step }) => step), ...names.map((name) => drawn.map((line) => valuesOf(line)[name] ?? null))];
    const plot = this.#plots.get(title);
    if (plot && plot.names.join() === names.join()) return plot.chart.setData(data);
    plot?.figure.remove();
    const figure = element("figure", { role: "img", "aria-label": `${title} by step` });
    this.parent.append(figure);
    // A canvas knows no custom properties.
    const ink = getComputedStyle(figure).color, colour = (i) => colourOf(figure, `--curve-${i % colours + 1}`);
    const axis = { stroke: ink, grid: { stroke: ink, width: 0.2 }, ticks: { stroke: ink, width: 0.2 } };
    const chart = new globalThis.uPlot(
      {
        title,
        width: this.#width(figure),
        height,
        scales: { x: { time: false } },
        axes: [axis, axis],
        series: [
          { label: "step" },
          ...names.map((label, i) => ({ label, stroke: colour(i), width: 2, spanGaps: true })),
        ],
      },
      data,
      figure,
    );
    new ResizeObserver(() => chart.setSize({ width: this.#width(figure), height })).observe(figure);
    this.#plots.set(title, { chart, names, figure });
  }

  #width(figure) {
    return Math.max(260, figure.clientWidth);
  }
}

function colourOf(parent, property) {
  const probe = element("span", { style: `color: var(${property})` });
  parent.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
