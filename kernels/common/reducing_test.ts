import { expect, test } from "bun:test";
import { GpuDevice } from "../../src/devices/gpu.ts";
import { openDevice } from "../../src/devices/mod.ts";
import { gradients } from "../../src/gradients.ts";
import { type Choice, defineOp, input, type LaunchContext, reshape, type Tensor } from "../../src/graph.ts";
import { interpret } from "../../src/interpret.ts";
import { compile } from "../../src/program.ts";
import { expectClose, normals } from "../../tests/check_op.ts";
import { providers } from "../../tests/providers.ts";
import { add, klUniform, layerNorm, multiply, softmax, sum } from "../mod.ts";
import { reducing } from "./reducing.ts";

const wgsl = `struct Dims { R: u32, C: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;               // (R, C)
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;      // (R, 64), what each invocation was told
@group(0) @binding(3) var<storage, read_write> largest: array<f32>;   // (R, 64)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  if (group.x >= dims.R) { return; }
  var sum = 0.0;
  var top = -3.402823e38;
  for (var c = thread; c < dims.C; c += THREADS) {
    sum += x[group.x * dims.C + c];
    top = max(top, x[group.x * dims.C + c]);
  }
  top = workgroup_max(thread, top);
  sum = workgroup_sum(thread, sum);
  sums[group.x * THREADS + thread] = workgroup_sum(thread, sum) / 64.0;
  largest[group.x * THREADS + thread] = workgroup_max(thread, top);
}`;

/** Sum and largest value of each row, by one of the ways of reducing(). */
const reduceRows = (way: "shared" | "subgroups") =>
  defineOp<{ x: Tensor }, "sums" | "largest">({
    name: "reduce_rows",
    outputs: ({ x: { shape: [R] } }) => ({ sums: [R, 64], largest: [R, 64] }),
    launches({ x: { shape: [R, C] } }, _, context: LaunchContext) {
      const launch = { label: "reduce_rows", wgsl, dims: { R, C }, workgroups: R };
      return (reducing(launch, 0, { ...context, subgroups: true }) as Choice).options[way];
    },
    backward: null,
    reference: () => ({ sums: new Float64Array(), largest: new Float64Array() }),
  });

for (const { name, open } of providers) {
  const device = await open();
  if (!(device instanceof GpuDevice)) continue;
  for (const way of device.subgroups ? ["shared", "subgroups"] as const : ["shared"] as const) {
    test(`sums and largest values by reducing(), ${way}, reach every invocation on ${name}, with the same bits twice`, async () => {
      const [R, C] = [5, 131], x = normals(R * C), program = await compile(device, reduceRows(way)({ x: input("x", [R, C]) }, {}));
      program.write({ x });
      program.run();
      const [sums, largest] = [await program.read("sums"), await program.read("largest")];
      const rows = Array.from({ length: R }, (_, r) => x.slice(r * C, (r + 1) * C));
      const repeated = (of: (row: number[]) => number) => rows.flatMap((row) => Array(64).fill(of(row)));
      expectClose(sums, repeated((row) => row.reduce((a, b) => a + b)), 1e-5, "sums");
      expectClose(largest, repeated((row) => Math.max(...row)), 0, "largest");
      program.run();
      expect([await program.read("sums"), await program.read("largest")]).toEqual([sums, largest]);
      program.destroy();
    }, 60_000);
  }
  if (!device.subgroups) continue;
  test(`layer norm, softmax and klUniform by subgroups match their references on ${name}, values and gradients`, async () => {
    const own = await openDevice({ device: device.kind, tune: false }) as GpuDevice;
    Object.assign(own.tuner, {
      choose: ({ options, preferred }: Choice) => Promise.resolve("subgroups" in options ? "subgroups" : preferred),
    });
    const x = input("x", [5, 131]), gamma = input("gamma", [131]), beta = input("beta", [131]), leaves = [x, gamma, beta];
    const y = softmax(layerNorm(x, gamma, beta)), loss = sum(add(multiply(y, y), reshape(klUniform(layerNorm(x, gamma, beta)), [5, 1])));
    const wanted = [loss, y, ...gradients(loss, leaves)], values = new Map(leaves.map((t, i) => [t, normals(t.size, i)]));
    for (const [f16, tolerance] of own.f16 ? [[false, 1e-5], [2, 3e-3]] as const : [[false, 1e-5]] as const) {
      const program = await compile(own, Object.fromEntries(wanted.map((t, i) => [`${i}`, t])), { f16 }), said = program.describe();
      for (const label of ["layer_norm/forward", "layer_norm/backward", "softmax/backward", "kl_uniform/forward"]) {
        expect(said).toContain(`${label} subgroups`);
      }
      program.write(Object.fromEntries([...values].map(([t, v]) => [t.name, v])));
      program.run();
      for (const [i, expected] of interpret(wanted, values).entries()) {
        expectClose(await program.read(`${i}`), expected, tolerance, `${wanted[i]}`);
      }
      program.destroy();
    }
    await own.destroy();
  }, 120_000);
}
