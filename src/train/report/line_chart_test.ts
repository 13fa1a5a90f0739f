import { expect, test } from "bun:test";
import { percent, shortNumber, table } from "./html.ts";
import { lineChart } from "./line_chart.ts";
import { tokenColour, tokenMap } from "./token_map.ts";

const coordinates = (svg: string) => [...svg.matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);

test("lineChart() draws falling values downwards and says in words where the curve goes", () => {
  const svg = lineChart({ title: "loss", x: "step", series: [{ name: "loss", points: [[0, 3], [10, 2], [20, 1]] }] }),
    at = coordinates(svg);
  expect(at).toHaveLength(3);
  expect(at[0][0]).toBeLessThan(at[1][0]);
  expect(at[0][1]).toBeLessThan(at[2][1]); // y grows downwards in SVG
  expect(svg).toContain('aria-label="loss: loss from 3 at step 0 to 1 at step 20"');
});

test("lineChart() leaves gaps at values that are no numbers, and bears flat, single and empty curves", () => {
  const one = (points: [number, number][]) => lineChart({ title: "t", x: "step", series: [{ name: "s", points }] });
  expect(one([[0, 1], [1, 2], [2, NaN], [3, 1], [4, 2]]).match(/d="M[^"]*M/)).not.toBeNull();
  for (const chart of [one([[0, 5], [1, 5]]), one([[3, 0]])]) {
    expect(chart).not.toContain("NaN");
    expect(coordinates(chart).every(([x, y]) => x >= 0 && x <= 560 && y >= 0 && y <= 260)).toBe(true);
  }
  expect(one([])).toContain("No values yet.");
  expect(one([[0, NaN]])).toContain("No values yet.");
});

test("lineChart() keeps levels inside the picture and escapes names", () => {
  const svg = lineChart({
    title: "<loss>",
    x: "step",
    series: [{ name: "a&b", points: [[0, 1], [1, 2]] }],
    levels: [{ name: "chance", y: 9 }],
  });
  const [, y] = /class="level"[^>]*y1="([\d.]+)"/.exec(svg)!;
  expect(Number(y)).toBeGreaterThanOrEqual(12);
  expect(svg).toContain("&lt;loss&gt;");
  expect(svg).toContain("a&amp;b");
  expect(svg).toMatch(/chance 9"/);
});

test("a long curve is drawn by means, and keeps its end", () => {
  const svg = lineChart({
    title: "t",
    x: "step",
    series: [{ name: "t", points: Array.from({ length: 10_000 }, (_, i) => [i, i % 2] as const) }],
  });
  expect(coordinates(svg).length).toBeLessThanOrEqual(480);
  expect(svg).toContain("at step 9999");
});

test("tokenMap() colours equal tokens alike and lists the numbers", () => {
  const svg = tokenMap({ name: "cat", rows: 2, columns: 2, vocab: 64, tokens: [5, 5, 7, 63] });
  expect(svg.split(`fill="${tokenColour(5)}"`)).toHaveLength(3);
  expect(svg).toContain("cat: 2 by 2 tokens, 3 different ones of 64");
  expect(svg).toContain("5 5\n7 63");
  expect(() => tokenMap({ name: "cat", rows: 2, columns: 2, vocab: 64, tokens: [1] })).toThrow(/1 tokens do not fill 2 x 2 cells of cat/);
});

test("the first five hundred tokens have colours of their own", () => {
  expect(new Set(Array.from({ length: 500 }, (_, token) => tokenColour(token))).size).toBe(500);
});

test("numbers are short and keep what counts", () => {
  expect([0, 1, 0.12345, 12.345, 123456, 1234567, 0.0000123, NaN].map(shortNumber)).toEqual(
    ["0", "1", "0.123", "12.3", "123456", "1.2e6", "1.2e-5", "NaN"],
  );
  expect(percent(0.12345)).toBe("12.3 %");
});

test("table() names rows and columns for screen readers and marks the chosen row", () => {
  const html = table("Blocks", ["block", "kNN"], [["1", "10 %"], ["<2>", "20 %"]], (row) => row === 1);
  expect(html).toContain("<caption>Blocks</caption>");
  expect(html).toContain('<tr class="marked"><th scope="row">&lt;2&gt;</th><td>20 %</td></tr>');
});
