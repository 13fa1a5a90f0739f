// Kind "ops": inputs, output, upstream gradient and gradients of single ops. A case's name begins with its op; numbers that the
// op needs stand in `config.attrs` under the case's name.

import type { Device } from "../../src/devices/device.ts";
import { gradients } from "../../src/gradients.ts";
import { constant, type DType, input, reshape, type Tensor } from "../../src/graph.ts";
import { compile } from "../../src/program.ts";
import type { Check } from "./check.ts";
import type { Fixture } from "./fixture.ts";
import { opCases } from "./op_cases.ts";

const integers = new Set(["target", "idx"]);

export async function ops({ manifest, shapes, values }: Fixture, device: Device, check: Check): Promise<void> {
  const cases = new Set([...shapes.keys()].map((name) => name.split(/\.(?:in\.|out$|dout$|grad\.)/)[0]));
  for (const name of cases) {
    const [, make] = opCases.find(([begin]) => name.startsWith(begin)) ?? [];
    if (!make) {
      check.fail(`${name}: no op is known for this case; add a line to tests/parity/op_cases.ts`);
      continue;
    }
    const attributes = manifest.config.attrs?.[name] ?? {};
    const leaves: Record<string, Tensor> = {}, written: Record<string, ArrayLike<number>> = {};
    for (const [key, shape] of shapes) {
      if (!key.startsWith(`${name}.in.`)) continue;
      const leaf = key.slice(`${name}.in.`.length);
      // Torch marks rows to ignore with a negative label; here their weight is 0 and the label does not matter.
      const dtype: DType = integers.has(leaf) && !(leaf === "target" && shape.length > 1) ? "u32" : "f32";
      const data = values(key);
      if (dtype === "u32" && data.some((v) => v < 0)) leaves.weights = constant(`${name}.weights`, shape, data.map((v) => v < 0 ? 0 : 1));
      leaves[leaf] = input(leaf, shape, dtype);
      written[leaf] = dtype === "u32" ? data.map((v) => Math.max(0, v)) : data;
    }
    const made = make(leaves, attributes);
    const out = reshape(made, shapes.get(`${name}.out`)!);
    const outputs: Record<string, Tensor> = { out };
    const graded = [...shapes.keys()].filter((key) => key.startsWith(`${name}.grad.`)).map((key) => key.slice(`${name}.grad.`.length));
    let upstream: Tensor | undefined;
    if (shapes.has(`${name}.dout`)) {
      upstream = input("dout", out.shape);
      written.dout = values(`${name}.dout`);
    }
    gradients(out, graded.map((g) => leaves[g]), upstream).forEach((d, i) => outputs[`grad.${graded[i]}`] = d);
    const program = await compile(device, outputs);
    try {
      program.write(Object.fromEntries(program.inputs.map((key) => [key, written[key]])));
      program.run();
      const { forward, loss, grad } = manifest.tolerance!;
      check.close(`${name}.out`, await program.read("out"), values(`${name}.out`), upstream ? forward : loss);
      for (const g of graded) check.close(`${name}.grad.${g}`, await program.read(`grad.${g}`), values(`${name}.grad.${g}`), grad);
    } finally {
      program.destroy();
    }
  }
}
