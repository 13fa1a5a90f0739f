import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { add, multiply } from "../../kernels/arithmetic/arithmetic.ts";
import { sum } from "../../kernels/sum/sum.ts";
import { expectClose, normals } from "../../tests/check_op.ts";
import { providers } from "../../tests/providers.ts";
import { parseSafetensors } from "../checkpoint/safetensors.ts";
import { gradients } from "../gradients.ts";
import { input, state, type Tensor } from "../graph.ts";
import { parameters, type ParamSpec } from "../nn/parameters.ts";
import { compile } from "../program.ts";
import { adamw } from "./adamw.ts";
import { accumulateGradients, keepInput, packGradients } from "./gradient_packs.ts";

const folder = new URL("../../../shared/fixtures/", import.meta.url);

interface Config {
  betas: [number, number];
  eps: number;
  groups: Record<string, { wd: number; lr_scale: number }>;
  lr_per_step: number[];
  wd_per_step: number[];
  steps: number;
  clip_grad: number;
}

for (const { name, open } of providers) {
  test(`adamw() follows torch's trajectory on ${name}`, async () => {
    if (!existsSync(folder)) return console.log("skipped: no ../shared/fixtures");
    const { config, tolerance } = JSON.parse(readFileSync(new URL("adamw_a.json", folder), "utf8")) as {
      config: Config;
      tolerance: Record<"param" | "state", { rtol: number; atol: number }>;
    };
    const file = parseSafetensors(readFileSync(new URL("adamw_a.safetensors", folder)), "adamw_a.safetensors");
    const names = Object.keys(config.groups);
    const specs = Object.fromEntries(names.map((n): [string, ParamSpec] => [n, {
      shape: file.tensors.get(`p0.${n}`)!.shape,
      init: file.readFloat32(`p0.${n}`),
      decay: config.groups[n].wd > 0,
      lrScale: config.groups[n].lr_scale,
    }]));
    const p = parameters(specs), grads = names.map((n) => input(`grad.${n}`, specs[n].shape));
    const optimizer = adamw(p, grads, { betas: config.betas, eps: config.eps, clip: config.clip_grad, table: specs });
    const outputs: Record<string, Tensor> = { norm: optimizer.gradNorm };
    for (const n of names) {
      outputs[`param.${n}`] = p[n];
      outputs[`exp_avg.${n}`] = optimizer.moments[n].m;
      outputs[`exp_avg_sq.${n}`] = optimizer.moments[n].v;
    }
    const program = await compile(await open(), outputs, { updates: optimizer.updates });
    for (let step = 0; step < config.steps; step++) {
      for (const n of names) program.write({ [`grad.${n}`]: file.readFloat32(`step${step}.grad.${n}`) });
      program.write(optimizer.values({ step, lr: config.lr_per_step[step], weightDecay: config.wd_per_step[step] }));
      program.run();
      const within = async (output: string, key: string, { rtol, atol }: { rtol: number; atol: number }) => {
        const want = file.readFloat32(key), got = await program.read(output);
        const limit = atol + rtol * Math.max(...want.map(Math.abs));
        want.forEach((v, i) => expect(Math.abs(got[i] - v), `${key}[${i}]`).toBeLessThanOrEqual(limit));
      };
      await within("norm", `step${step}.grad_norm_before_clip`, { rtol: 1e-5, atol: 0 });
      for (const n of names) {
        await within(`param.${n}`, `step${step}.param.${n}`, tolerance.param);
        await within(`exp_avg.${n}`, `step${step}.exp_avg.${n}`, tolerance.state);
        await within(`exp_avg_sq.${n}`, `step${step}.exp_avg_sq.${n}`, tolerance.state);
      }
    }
    program.destroy();
  });

  test(`the average follows the parameters, and a parameter that is not given stays, on ${name}`, async () => {
    const p = parameters({ a: { shape: [3], init: [1, 2, 3] }, frozen: { shape: [3, 3], init: 7 } });
    const { updates, values, average } = adamw({ a: p.a }, [input("grad", [3])], { ema: true });
    const program = await compile(await open(), { a: p.a, frozen: p.frozen, average: average.a }, { updates });
    const expected = [1, 2, 3];
    for (let step = 0; step < 3; step++) {
      program.write({ grad: normals(3, step), ...values({ step, lr: 0.1, weightDecay: 0.5, emaDecay: 0.75 }) });
      program.run();
      const now = await program.read("a");
      expected.forEach((v, i) => expected[i] = 0.75 * v + 0.25 * now[i]);
    }
    expectClose(await program.read("average"), expected, 1e-6, "average");
    expect(Array.from(await program.read("frozen"))).toEqual(Array(9).fill(7));
    program.destroy();
  });

  test(`sums over micro-batches give the step of the whole batch on ${name}`, async () => {
    const build = () => {
      const p = parameters({ w: { shape: [4], init: [1, 2, 3, 4] } }), x = input("x", [4]);
      return { p, packs: packGradients(p, gradients(sum(multiply(multiply(p.w, p.w), x)), [p.w])) };
    };
    const device = await open(), [a, b] = [normals(4, 1), normals(4, 2)];
    const whole = build(), one = adamw(whole.p, whole.packs, { clip: 1 });
    const atOnce = await compile(device, { w: whole.p.w }, { updates: one.updates });
    const parts = build(), summed = accumulateGradients(parts.packs), two = adamw(parts.p, summed.packs, { clip: 1 });
    const last = await compile(device, { w: parts.p.w }, { updates: [...summed.updates, ...two.updates] });
    const first = await compile(device, {}, { updates: summed.updates, share: last });
    for (let step = 0; step < 2; step++) {
      atOnce.write({ x: a.map((v, i) => v + b[i]), ...one.values({ step, lr: 0.1 }) });
      atOnce.run();
      first.write({ x: a, [keepInput]: 0 });
      first.run();
      last.write({ x: b, [keepInput]: 1, ...two.values({ step, lr: 0.1 }) });
      last.run();
    }
    expectClose(await last.read("w"), await atOnce.read("w"), 1e-6, "w");
    for (const program of [atOnce, first, last]) program.destroy();
  });

  if (name === "cpu") continue; // its replay has no dispatches
  test(`clip, AdamW and EMA of 200 tensors take at most a dozen dispatches on ${name}`, async () => {
    const shapes = Array.from({ length: 200 }, (_, i) => i % 2 ? [i + 1] : [3, i + 1]);
    const p = parameters(Object.fromEntries(shapes.map((shape, i) => [`p${i}`, { shape, init: 1 }])), { packBytes: 70000 });
    const losses = Object.values(p).map((t) => sum(multiply(t, multiply(t, t))));
    const loss = losses.reduce((a, b) => add(a, b));
    const { updates, gradNorm } = adamw(p, gradients(loss, Object.values(p)), { clip: 1, ema: true });
    const program = await compile(await open(), { loss, gradNorm }, { updates });
    const launches = program.describe().split("\n").filter((line) => / x \d+ workgroups$/.test(line));
    const own = launches.filter((line) => /^ *\d+ {2}(pack|global_norm|adamw|ema|concat)/.test(line));
    expect(new Set(updates.map((t) => t.size)).size).toBeGreaterThan(1); // several packs
    expect(own.length).toBeGreaterThan(3);
    expect(own.length).toBeLessThanOrEqual(12);
    program.destroy();
  });
}

test("adamw() names gradients and states that do not fit", () => {
  const p = parameters({ w: { shape: [4], init: 0 } });
  expect(() => adamw(p, [])).toThrow("packGradients: 0 gradients for 1 parameters");
  expect(() => adamw(p, [input("g", [3])])).toThrow("packGradients: g (3) is no gradient of w (4)");
  expect(() => adamw({ w: state("w", [4]) }, [input("g", [4])])).toThrow(
    "adamw: w (4) does not hold a multiple of 64 values; make it with parameters()",
  );
});
