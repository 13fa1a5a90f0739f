import { expect, test } from "bun:test";
import { add } from "../../kernels/mod.ts";
import { providers } from "../../tests/providers.ts";
import { DeviceLostError, ShaderError } from "../errors.ts";
import { defineOp, input, type Tensor } from "../graph.ts";
import { compile, evaluate } from "../program.ts";
import { CpuDevice } from "./cpu.ts";
import type { GpuDevice } from "./gpu.ts";
import { openDevice } from "./mod.ts";

const gpu = providers.find((p) => p.name !== "cpu");

/** y = x through the given WGSL. */
const withWgsl = (wgsl: string) =>
  defineOp<{ x: Tensor }, "y">({
    name: "custom",
    outputs: ({ x }) => ({ y: x.shape }),
    launches: () => [{ label: "custom/forward", wgsl, dims: { N: 1 }, workgroups: 1 }],
    backward: null,
    reference: ({ x }) => ({ y: x }),
  });

const head = `struct Dims { N: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // (N)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (N)
`;

test("openDevice() says what it opened and why, and can be told", async () => {
  const lines: string[] = [];
  const chosen = await openDevice({ log: (line) => lines.push(line) });
  await chosen.destroy();
  const told = await openDevice({ device: "cpu", threads: 1, log: (line) => lines.push(line) });
  await told.destroy();
  expect(lines[0]).toMatch(/^device: .+ \(.+\)$/);
  expect(lines[1]).toMatch(/^device: CPU, .* \(asked for\)$/);
  await expect(openDevice({ device: "cuda" as "cpu" })).rejects.toThrow(
    "no device is named cuda; choose auto, webgpu, native, dawn or cpu",
  );
});

test("a step may let the CPU device's unshared memory grow under the steps behind it", async () => {
  const grow = defineOp<{ x: Tensor }, "y">({
    name: "grow",
    outputs: ({ x }) => ({ y: x.shape }),
    launches: () => [],
    backward: null,
    reference: ({ x }) => ({ y: x }),
    cpu({ x, y }, _, kernels) {
      y.data.set(x.data);
      kernels.allocate(kernels.memory.buffer.byteLength);
    },
  });
  const double = defineOp<{ x: Tensor }, "y">({
    name: "double",
    outputs: ({ x }) => ({ y: x.shape }),
    launches: () => [],
    backward: null,
    reference: ({ x }) => ({ y: x.map((v: number) => 2 * v) }),
  });
  const device = await CpuDevice.open({ shared: false });
  expect(Array.from(await evaluate(device, double({ x: grow({ x: input("x", [2]) }, {}).y }, {}).y, { x: [1, 2] }))).toEqual([2, 4]);
  await device.destroy();
});

test("a lost CPU device says so", async () => {
  const device = await openDevice({ device: "cpu", threads: 1 });
  const program = await compile(device, { y: add(input("x", [2]), input("b", [2])) });
  await device.destroy();
  expect(await device.lost).toBeInstanceOf(DeviceLostError);
  program.write({ x: [1, 2], b: [1, 2] });
  expect(() => program.run()).toThrow(DeviceLostError);
});

if (gpu) {
  test(`a device on ${gpu.name} that is lost tells everyone who uses it`, async () => {
    const device = await openDevice({ device: gpu.name }) as GpuDevice;
    const x = input("x", [2]);
    const program = await compile(device, { y: add(x, x) });
    device.gpu.destroy(); // as a driver reset would, behind the back of the program
    expect((await device.lost).message).toMatch(/the device is lost \(.+\); open a new one and rebuild/);
    program.write({ x: [1, 2] });
    expect(() => program.run()).toThrow(DeviceLostError);
    await expect(program.read("y")).rejects.toThrow(DeviceLostError);
    await device.destroy();
    const again = await openDevice({ device: gpu.name });
    expect([...await evaluate(again, add(x, x), { x: [1, 2] })]).toEqual([2, 4]);
    await again.destroy();
  });

  test(`WGSL that does not compile on ${gpu.name} shows label, line, column and the line`, async () => {
    const broken = withWgsl(`${head}@compute @workgroup_size(1) fn main() {\n  y[0] = nothing;\n}`);
    const error = await gpu.open().then((d) => evaluate(d, broken({ x: input("x", [1]) }, {}).y, { x: [1] })).catch((e) => e);
    expect(error).toBeInstanceOf(ShaderError);
    expect(error.message).toMatch(/^custom\/forward: /);
    expect(error.message).toMatch(/line 6, column \d+:\n {2} {2}y\[0\] = nothing;\n/);
  });

  test(`a launch whose binding names no tensor is refused on ${gpu.name}`, async () => {
    const stray = withWgsl(`${head.replaceAll(" x:", " z:")}@compute @workgroup_size(1) fn main() { y[0] = z[0]; }`);
    await expect(gpu.open().then((d) => evaluate(d, stray({ x: input("x", [1]) }, {}).y, { x: [1] }))).rejects.toThrow(
      "custom/forward: binding z names no tensor of custom (x, y)",
    );
  });

  test(`an error that WebGPU reports on the side is thrown at the next call on ${gpu.name}`, async () => {
    const device = await openDevice({ device: gpu.name }) as GpuDevice;
    const said = console.error;
    console.error = () => {};
    try {
      device.gpu.createBuffer({ size: 16, usage: 1 | 2 }); // MAP_READ with MAP_WRITE is invalid
      await device.gpu.queue.onSubmittedWorkDone();
      await new Promise((done) => setTimeout(done, 20));
      expect(() => device.allocate("x", 16)).toThrow(device.description);
      device.allocate("x", 16).destroy(); // reported once
    } finally {
      console.error = said;
      await device.destroy();
    }
  });

  test(`a device on ${gpu.name} with default limits runs and refuses what is beyond them`, async () => {
    const device = await openDevice({ device: gpu.name, defaultLimits: true });
    expect([device.limits.maxBindingBytes, device.f16]).toEqual([2 ** 27, false]);
    const x = input("x", [5]);
    expect([...await evaluate(device, add(x, x), { x: [1, 2, 3, 4, 5] })]).toEqual([2, 4, 6, 8, 10]);
    const large = input("large", [2 ** 25 + 1]);
    await expect(compile(device, { y: add(large, large) })).rejects.toThrow(
      "large (33554433) needs 134 MB in one binding, this device allows 134 MB",
    );
    await device.destroy();
  });
}
