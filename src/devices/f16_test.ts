import { expect, test } from "bun:test";
import { inF16 } from "./f16.ts";

const head = `@group(0) @binding(1) var<storage, read> x: array<f32>;  // (N)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (N)
@group(0) @binding(3) var<storage, read_write> words: array<u32>;  // (N)
@group(0) @binding(4) var<storage, read_write> quads: array<vec4f>;  // (N)
`;

/** The body of main after the conversion. */
const body = (code: string, ...names: string[]) =>
  /\{ (.*) \}$/s.exec(inF16(`${head}@compute @workgroup_size(1) fn main() { ${code} }`, names, "custom"))![1];

test("inF16() keeps the arrays that are named in f16, and lines where they were", () => {
  const code = inF16(`${head}@compute @workgroup_size(1) fn main() { y[0] = x[0]; }`, ["x", "quads"], "custom");
  expect(code).toMatch(/^enable f16; /);
  expect(code).toContain("x: array<f16>;");
  expect(code).toContain("y: array<f32>;");
  expect(code).toContain("quads: array<vec4h>;");
  expect(code.split("\n")[4]).toBe("@compute @workgroup_size(1) fn main() { y[0] = f32(x[0]); }");
});

test("inF16() converts reads and stores, also inside of indices and values", () => {
  expect(body("y[i] = x[i] * 2.0;", "x")).toBe("y[i] = f32(x[i]) * 2.0;");
  expect(body("y[i] = x[i] * 2.0;", "y")).toBe("y[i] = f16(x[i] * 2.0);");
  expect(body("y[j[u32(x[0])]] = x[(i + 1u) * n[2]];", "x", "y")).toBe("y[j[u32(f32(x[0]))]] = f16(f32(x[(i + 1u) * n[2]]));");
  expect(body("y[i] -= x[i] - 1.0;", "y")).toBe("y[i] = f16(f32(y[i]) - (x[i] - 1.0));");
  expect(body("if (y[i] == x[i] && x[i] <= 0.0) { return; }", "x", "y")).toBe(
    "if (f32(y[i]) == f32(x[i]) && f32(x[i]) <= 0.0) { return; }",
  );
  expect(body("for (var i = 0u; i < 3u; y[i] = 1.0) { i++; }", "y")).toBe("for (var i = 0u; i < 3u; y[i] = f16(1.0)) { i++; }");
  expect(body("quads[i] += vec4f(quads[j].x);", "quads")).toBe("quads[i] = vec4h(vec4f(quads[i]) + (vec4f(vec4f(quads[j]).x)));");
  expect(body("words[i] = words[j];", "words")).toBe("words[i] = f16(bitcast<f32>(bitcast<u32>(f32(words[j]))));");
});

test("inF16() leaves fields, other arrays and longer names alone", () => {
  expect(body("y[s.x] = dims.x + xs[0] + s.x[1] + arrayLength(&x);", "x")).toBe("y[s.x] = dims.x + xs[0] + s.x[1] + arrayLength(&x);");
  expect(body("let x = 1.0; y[0] = x;", "x")).toBe("let x = 1.0; y[0] = x;"); // never indexed: the variable alone is meant
});

test("inF16() names an array that it cannot convert, and why", () => {
  expect(() => body("let p = &x[0];", "x")).toThrow(
    'custom: x cannot lie in f16, a pointer to it is taken; take the output out of the "f16" of the op that makes it',
  );
  expect(() => body("let x = vec4f(); y[0] = x[1];", "x")).toThrow("x cannot lie in f16, a function has a variable of its name");
  expect(() => body("", "z")).toThrow("z cannot lie in f16, the WGSL declares no array of this name");
  expect(() => inF16("var<storage, read_write> n: array<atomic<u32>>;", ["n"], "custom")).toThrow("its elements are atomic");
});
