import { expect, test } from "bun:test";
import { files, source } from "./source.ts";

const ops = [...new Set(files.flatMap((path) => /^kernels\/([^/]+)\//.exec(path)?.[1] ?? []))].filter((folder) => folder !== "common");

test("every op's folder has a test", () => {
  const tested = (op: string) => files.some((path) => path.startsWith(`kernels/${op}/`) && path.endsWith("_test.ts"));
  expect(ops.filter((op) => !tested(op))).toEqual([]);
});

test("every op's folder is listed in kernels/mod.ts", () => {
  expect(ops.filter((op) => !source("kernels/mod.ts").includes(`"./${op}/`))).toEqual([]);
});
