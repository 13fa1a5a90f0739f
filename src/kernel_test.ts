import { expect, test } from "bun:test";
import { encodeDims, parseKernel } from "./kernel.ts";

const wgsl = `// y = scale * x
struct Dims { R: u32, scale: f32 }
override TILE: u32 = 4u;
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // (R)
// @group(0) @binding(7) var<storage, read> gone: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (R)
@compute @workgroup_size(64) fn main() {}`;

test("parseKernel() reads bindings, Dims and overrides, and no comments", () => {
  const kernel = parseKernel(wgsl, "test");
  expect(kernel.bindings).toEqual([
    { index: 0, name: "dims", access: "uniform" },
    { index: 1, name: "x", access: "read" },
    { index: 2, name: "y", access: "read_write" },
  ]);
  expect(kernel.dims).toEqual([{ name: "R", type: "u32" }, { name: "scale", type: "f32" }]);
  expect(kernel.overrides).toEqual(["TILE"]);
});

test("parseKernel() refuses a binding that two chunks number alike", () => {
  expect(() => parseKernel(wgsl.replace("binding(2)", "binding(1)"), "joined")).toThrow("joined: binding 1 is declared twice");
});

test("encodeDims() wants every field, no other, and whole numbers where WGSL has them", () => {
  const kernel = parseKernel(wgsl, "test");
  const view = new DataView(encodeDims(kernel, { R: 3, scale: 0.5 }, "test"));
  expect([view.byteLength, view.getUint32(0, true), view.getFloat32(4, true)]).toEqual([16, 3, 0.5]);
  expect(() => encodeDims(kernel, { R: 3 }, "k")).toThrow("k: Dims.scale has no value");
  expect(() => encodeDims(kernel, { R: 3, scale: 1, C: 2 }, "k")).toThrow("k: the launch gives C, which Dims does not have (R, scale)");
  expect(() => encodeDims(kernel, { R: 1.5, scale: 1 }, "k")).toThrow("k: Dims.R is 1.5, and its type is u32");
});
