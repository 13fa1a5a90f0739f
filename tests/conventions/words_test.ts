import { expect, test } from "bun:test";
import { files, linesOf, source } from "./source.ts";

const texts = files.filter((path) => /\.(ts|wgsl|md|json|toml|sh)$|^\.ci\//.test(path));

// Put together from halves, so that this file does not contain what it looks for.
const UNFINISHED = new RegExp(["\\bTO" + "DO\\b", "\\bFIX" + "ME\\b", "\\bX" + "XX\\b", "\\b(test|it|describe)\\.on" + "ly\\("].join("|"));
const OWN_MACHINE = new RegExp(`(^|[^\\w.$}])/(ho` + `me|ro` + `ot|Us` + `ers|wo` + `rk)/[\\w.-]`);

function linesWith(pattern: RegExp, path: string, text: string): string[] {
  return linesOf(text).flatMap((line, i) => pattern.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : []);
}

/** Names of tests that are no sentence: fewer than three words, or the word that says nothing. */
function poorNames(text: string): string[] {
  const names = [...text.matchAll(/^\s*(?:test|it)(?:\.\w+)?(?:\([^"'`\n]*\))?\((["'`])((?:\\.|(?!\1)[^\\])+)\1/gm)].map(([, , name]) =>
    name
  );
  return names.filter((name) => name.trim().split(/\s+/).length < 3 || /\bworks\b/.test(name));
}

test("nothing is marked as unfinished", () => {
  expect(texts.flatMap((path) => linesWith(UNFINISHED, path, source(path)))).toEqual([]);
});

test("no file names a folder of somebody's machine", () => {
  expect(texts.flatMap((path) => linesWith(OWN_MACHINE, path, source(path)))).toEqual([]);
});

test("the name of every test is a sentence", () => {
  expect(texts.filter((path) => path.endsWith("_test.ts")).flatMap((path) => poorNames(source(path)).map((name) => `${path}: ${name}`)))
    .toEqual([]);
});

test("linesWith() and poorNames() find what they look for", () => {
  expect(linesWith(UNFINISHED, "a.ts", "ok\n// TO" + "DO: later")).toEqual(["a.ts:2: // TO" + "DO: later"]);
  expect(linesWith(UNFINISHED, "a.ts", "test.on" + 'ly("x", () => {})')).toHaveLength(1);
  expect(linesWith(OWN_MACHINE, "a.ts", '"/ho' + 'me/ann/pictures"')).toHaveLength(1);
  expect(linesWith(OWN_MACHINE, "a.ts", "https://example.org/ho" + "me/ann")).toEqual([]);
  expect(
    poorNames('  test("matmul wo' + 'rks on a device", f);\ntest.skipIf(x)("too short", f);\ntest("matmul() says which sizes differ", f);'),
  ).toHaveLength(2);
});
