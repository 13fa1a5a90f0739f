import { expect, test } from "bun:test";
import { linesOf, source, typescript } from "./source.ts";

/** A file over 400 lines must say why in the comment at its top, with the word "lines" or the words "long because". */
function tooLong(path: string, text: string): string[] {
  const lines = linesOf(text);
  if (lines.length <= 400) return [];
  const end = lines.findIndex((line) => !/^(\/\/|\/?\*| \*)/.test(line));
  return /\blines\b|long because/i.test(lines.slice(0, end).join("\n"))
    ? []
    : [`${path}: ${lines.length} lines, and no sentence at its top says why`];
}

const product = typescript.filter((path) => /^(src|kernels|workers)\//.test(path));
const sizes = product.map((path) => linesOf(source(path)).length).sort((a, b) => a - b);
const quantile = (q: number) => sizes[Math.floor(q * (sizes.length - 1))];

test("no file is over 400 lines without a sentence that says why", () => {
  expect(typescript.flatMap((path) => tooLong(path, source(path)))).toEqual([]);
});

test("half of the files of src, kernels and workers are under 100 lines, nine in ten under 300", () => {
  const longest = product.toSorted((a, b) => linesOf(source(b)).length - linesOf(source(a)).length).slice(0, 10).join(" ");
  expect(quantile(0.5), longest).toBeLessThan(100);
  expect(quantile(0.9), longest).toBeLessThan(300);
});

test("tooLong() wants the reason at the top", () => {
  const body = "\nconst x = 1;".repeat(450);
  expect(tooLong("a.ts", `// A table.${body}`)).toEqual(["a.ts: 451 lines, and no sentence at its top says why"]);
  expect(tooLong("a.ts", `// A table.${body}\n// over 400 lines`)).toHaveLength(1);
  expect(tooLong("a.ts", `// A table: over 400 lines, since each row is one.${body}`)).toEqual([]);
  expect(tooLong("a.ts", "// short")).toEqual([]);
});
