import { expect, test } from "bun:test";
import { posix } from "node:path";
import { source, typescript } from "./source.ts";
import { isFree, rowOf } from "./import_table.ts";

interface Import {
  specifier: string;
  typeOnly: boolean;
}

/** What a module imports, statically or not; comments are left out. */
function importsOf(text: string): Import[] {
  const code = text.split("\n").filter((line) => !/^\s*(\/\/|\/?\*)/.test(line)).join("\n");
  const statics = [...code.matchAll(/^\s*(?:import|export)\s+(?:(type\s)?([\w\s{},*$]*?)\s*from\s*)?["']([^"']+)["']/gm)]
    .map(([, type, names = "", specifier]) => ({
      specifier,
      typeOnly: type !== undefined || /^\{(\s*type\s+[\w$\s]+,?)+\s*\}$/.test(names.trim()),
    }));
  const dynamics = [...code.matchAll(/\bimport\(\s*["']([^"']+)["']/g)].map(([, specifier]) => ({ specifier, typeOnly: false }));
  return [...statics, ...dynamics];
}

/** The imports of a file that the table forbids, in words. */
function forbidden(path: string, text: string): string[] {
  if (isFree(path)) return [];
  const row = rowOf(path);
  const allowed = ({ specifier, typeOnly }: Import): boolean => {
    if (specifier.startsWith("node:")) return row.node === true;
    if (specifier.startsWith("npm:")) return row.packages?.some((name) => specifier.startsWith(`npm:${name}@`)) ?? false;
    if (!specifier.startsWith(".")) return false;
    const target = posix.join(posix.dirname(path), specifier);
    if (isFree(target)) return false;
    return [...row.place, ...row.imports].some((place) =>
      target.startsWith(place.replace("type ", "")) && (typeOnly || !place.startsWith("type "))
    );
  };
  return importsOf(text).filter((found) => !allowed(found)).map(({ specifier }) => `${path} imports ${specifier}`);
}

test("every import runs down DESIGN's import table", () => {
  expect(typescript.flatMap((path) => forbidden(path, source(path)))).toEqual([]);
});

test("forbidden() finds an import that runs up, a package out of place, and lets what the table allows pass", () => {
  expect(
    forbidden("kernels/add/add.ts", 'import { Tensor } from "../../src/graph.ts";\nimport wgsl from "./add.wgsl" with { type: "text" };'),
  ).toEqual([]);
  expect(forbidden("kernels/add/add.ts", 'import { compile } from "../../src/program.ts";')).toHaveLength(1);
  expect(forbidden("kernels/add/add.ts", 'import { readFile } from "node:fs/promises";')).toHaveLength(1);
  expect(forbidden("src/graph.ts", 'import {\n  type A,\n  B,\n} from "./devices/mod.ts";')).toEqual([
    "src/graph.ts imports ./devices/mod.ts",
  ]);
  expect(forbidden("src/data/order.ts", 'const { z } = await import("npm:zod@4.6.7");')).toHaveLength(1);
  expect(forbidden("src/graph.ts", 'import type { CpuKernels } from "./devices/cpu/kernels.ts";')).toEqual([]);
  expect(forbidden("src/graph.ts", 'import { type CpuKernels } from "./devices/cpu/kernels.ts";')).toEqual([]);
  expect(forbidden("src/graph.ts", 'import { CpuKernels } from "./devices/cpu/kernels.ts";')).toHaveLength(1);
  expect(forbidden("src/nn/linear.ts", ' * import { x } from "../train/loop.ts";\nexport const from = "../train/loop.ts";')).toEqual([]);
  expect(forbidden("src/nn/linear.ts", 'import { close } from "./testing.ts";\nimport "../../tests/check_op.ts";')).toHaveLength(2);
  expect(forbidden("src/nn/linear_test.ts", 'import { checkOp } from "../../tests/check_op.ts";')).toEqual([]);
  expect(() => forbidden("src/utils.ts", "")).toThrow(/no place/);
});
