import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readTexts, type TextSource } from "./mod.ts";

const folder = mkdtempSync(join(tmpdir(), "texts-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string | Uint8Array) => {
  mkdirSync(join(folder, name, ".."), { recursive: true });
  writeFileSync(join(folder, name), content);
  return `${folder}/${name}`;
};
const found = (source: TextSource) => readTexts(source).texts.map(({ text, label }) => [text, label]);

test("lines are texts, whatever ends them; their names are file and line", () => {
  const path = file("a.txt", "\uFEFFone\r\ntwo\n three");
  expect(readTexts({ kind: "lines", path }).texts).toEqual([
    { name: `${path}:1`, text: "one", label: -1 },
    { name: `${path}:2`, text: "two", label: -1 },
    { name: `${path}:3`, text: " three", label: -1 },
  ]);
});

test("one file a class gives labels in the order of the classes' names, or in the order given", () => {
  const files = { positive: file("p.txt", "good\n"), negative: file("n.txt", "bad\nworse\n") };
  expect(found({ kind: "lines", files })).toEqual([["good", 1], ["bad", 0], ["worse", 0]]);
  expect(found({ kind: "lines", files, classes: ["positive", "negative"] })).toEqual([["good", 0], ["bad", 1], ["worse", 1]]);
});

test("an empty line is an error that names it, or is left out", () => {
  const path = file("gap.txt", "one\n \t\ntwo\n");
  expect(() => readTexts({ kind: "lines", path })).toThrow(`${path}:2: is empty`);
  expect(found({ kind: "lines", path, empty: "skip" })).toEqual([["one", -1], ["two", -1]]);
  expect(() => readTexts({ kind: "lines", path: file("none.txt", "\n"), empty: "skip" })).toThrow("has no texts");
});

test("bytes that are no UTF-8 are named with their place, and read as Latin-1 on request", () => {
  const path = file("latin.txt", Uint8Array.of(0x61, 0x0a, 0xc3, 0xa9, 0xef, 0xbf, 0xbd, 0xe9, 0x20));
  expect(() => readTexts({ kind: "lines", path })).toThrow(`${path}: is not UTF-8, byte 7 (line 2) is e9`);
  const cafe = file("cafe.txt", Uint8Array.of(0x63, 0x61, 0x66, 0xe9, 0x20, 0x96));
  expect(found({ kind: "lines", path: cafe, encoding: "latin-1" })).toEqual([["café –", -1]]);
});

test("folders of texts have their names as classes, and nothing lies beside them", () => {
  file("films/neg/b.txt", "bad");
  file("films/pos/deep/a.txt", "good");
  expect(found({ kind: "text_folder", path: `${folder}/films` })).toEqual([["bad", 0], ["good", 1]]);
  expect(() => readTexts({ kind: "text_folder", path: `${folder}/films`, classes: ["pos", "other"] })).toThrow(
    'b.txt: is of class "neg", which is not among the 2 given (pos, other)',
  );
  file("films/stray.txt", "?");
  expect(() => readTexts({ kind: "text_folder", path: `${folder}/films` })).toThrow("stray.txt: lies in no class folder");
  expect(() => readTexts({ kind: "text_folder", path: `${folder}/nowhere` })).toThrow("nowhere: no such file");
});

test("tables have quotes between commas, none between tabs, and columns by name or number", () => {
  const csv = file("t.csv", 'sentence,label\n"a ""b"",\nc",x\nd,y\n'), tsv = file("t.tsv", 'he said "no\t1\nyes\t0\n');
  expect(found({ kind: "table", path: csv, text: "sentence", class: "label" })).toEqual([['a "b",\nc', 0], ["d", 1]]);
  expect(found({ kind: "table", path: tsv, text: 0, class: 1 })).toEqual([['he said "no', 1], ["yes", 0]]);
  expect(() => readTexts({ kind: "table", path: csv, text: "text" })).toThrow('has no column "text"; its columns are "sentence", "label"');
  expect(() => readTexts({ kind: "table", path: tsv, text: 2 })).toThrow("has no column 2; its columns are 0 to 1");
  expect(() => readTexts({ kind: "table", path: file("torn.csv", 'a,b\n1,"2\n'), text: "a" })).toThrow(
    /torn\.csv: is no table \(Quote Not Closed/,
  );
  expect(() => readTexts({ kind: "table", path: file("short.csv", "a,b\n1\n"), text: "a" })).toThrow(
    /short\.csv: is no table \(Invalid Record Length/,
  );
});

test("a source that says too much or too little is refused", () => {
  expect(() => readTexts({ kind: "lines" })).toThrow("neither path nor files is given");
  expect(() => readTexts({ kind: "poems" } as unknown as TextSource)).toThrow(
    'there is no kind "poems"; give one of lines, text_folder, table',
  );
});
