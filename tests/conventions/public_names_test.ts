// What a library's user sees: every public name says what it is, and what can be called shows how.
import { expect, test } from "bun:test";
import { publicNames } from "./public_names.ts";

const names = ["mod.ts", "server.ts"].flatMap(publicNames);
const listed = (
  wanted: typeof names,
) => [...new Set(wanted.map(({ path, name }) => `${path}: ${name}`))];

test("every public name has a docstring", () => {
  expect(listed(names.filter(({ doc }) => !doc))).toEqual([]);
});

test("every public function and class has an example that `deno test --doc` runs", () => {
  const callable = names.filter(({ kind, typeOnly }) => (kind === "function" || kind === "class") && !typeOnly);
  expect(callable.length).toBeGreaterThan(150);
  expect(listed(callable.filter(({ doc }) => !/^ \* ```ts$/m.test(doc))))
    .toEqual([]);
});

test("a public name is given once", () => {
  const seen = new Map<string, string>(), twice: string[] = [];
  for (const { name, path, kind } of publicNames("mod.ts")) {
    const key = `${name}, ${kind === "type" ? "a type" : "a value"}`,
      before = seen.get(key);
    if (before && before !== path) twice.push(`${key}: ${before} and ${path}`);
    seen.set(key, path);
  }
  expect(twice).toEqual([]);
});

test("publicNames() follows lists, stars and other names to what is declared", () => {
  const find = (name: string) => names.find((one) => one.name === name);
  expect(find("featureTable")).toMatchObject({
    path: "src/evaluate/features.ts",
    kind: "function",
    typeOnly: false,
  });
  expect(find("LoadedModel")).toMatchObject({ kind: "class", typeOnly: true });
  expect(find("layerNorm")?.path).toBe("kernels/layer_norm/layer_norm.ts");
});
