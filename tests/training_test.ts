import { expect, test } from "bun:test";
import { crossEntropy, imageTensor } from "../kernels/mod.ts";
import type { Device } from "../src/devices/device.ts";
import { gradients } from "../src/gradients.ts";
import { input, type Tensor } from "../src/graph.ts";
import { interpret } from "../src/interpret.ts";
import { beit, beitParams } from "../src/models/beit.ts";
import { beitConfig } from "../src/models/beit_config.ts";
import { classLogits } from "../src/models/beit_heads.ts";
import { initialValues, parameters } from "../src/nn/parameters.ts";
import { adamw } from "../src/optim/adamw.ts";
import { philox4x32 } from "../src/philox.ts";
import { compile } from "../src/program.ts";
import { providers } from "./providers.ts";

const model = beitConfig({ imageSize: 8, patchSize: 4, dim: 16, depth: 2, heads: 2, classes: 3, relativePositions: "per-block" });
const B = 4, table = beitParams(model);

/** Pictures and labels of a step: the same in every runtime. */
function batch(step: number): { pictures: Uint8Array; labels: Uint32Array } {
  const pictures = new Uint8Array(B * 8 * 8 * 3).map((_, i) => philox4x32([i, step, 0, 0], [5, 5])[0] >>> 24);
  return { pictures, labels: new Uint32Array(B).map((_, i) => (i + step) % 3) };
}

function graph() {
  const params = parameters(table, { seed: 1 });
  const pictures = input("pictures", [B, 8, 8, 3], "u8"), labels = input("labels", [B], "u32");
  const loss = crossEntropy(
    classLogits(params, beit(params, imageTensor(pictures, [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]), model), model),
    labels,
  );
  return { params, pictures, labels, loss, grads: gradients(loss, Object.values(params)) };
}

async function planned(device: Device, steps: number): Promise<number[]> {
  const { params, loss, grads } = graph();
  const optimizer = adamw(params, grads, { table, clip: 1 });
  const program = await compile(device, { loss }, { updates: optimizer.updates });
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    program.write({ ...batch(step), ...optimizer.values({ step, lr: 3e-3, weightDecay: 0.05 }) });
    program.run();
    losses.push(await program.readNumber("loss"));
  }
  program.destroy();
  return losses;
}

/** The same training without plan, packs or kernels: references in float64, AdamW written out. */
function unplanned(steps: number): number[] {
  const { params, pictures, labels, loss, grads } = graph();
  const names = Object.keys(params);
  const p = new Map(names.map((name) => [name, Float64Array.from(initialValues(name, table[name], 1))]));
  const m = new Map(names.map((name) => [name, new Float64Array(params[name].size)])),
    v = new Map([...m].map(([name, x]) => [name, x.slice()]));
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const { pictures: x, labels: y } = batch(step);
    const values = interpretWith(params, p, [loss, ...grads], new Map<Tensor, ArrayLike<number>>([[pictures, x], [labels, y]]));
    losses.push(values[0][0]);
    const norm = Math.sqrt(values.slice(1).reduce((sum, g) => sum + g.reduce((s, d) => s + d * d, 0), 0));
    const coefficient = Math.min(1, 1 / (norm + 1e-6));
    names.forEach((name, n) => {
      const [pi, mi, vi] = [p.get(name)!, m.get(name)!, v.get(name)!], decay = table[name].decay ?? table[name].shape.length > 1;
      for (let i = 0; i < pi.length; i++) {
        const g = coefficient * values[n + 1][i];
        mi[i] = 0.9 * mi[i] + 0.1 * g;
        vi[i] = 0.999 * vi[i] + 0.001 * g * g;
        pi[i] *= 1 - 3e-3 * (decay ? 0.05 : 0);
        pi[i] -= 3e-3 * mi[i] / (1 - 0.9 ** (step + 1)) / (Math.sqrt(vi[i] / (1 - 0.999 ** (step + 1))) + 1e-8);
      }
    });
  }
  return losses;
}

function interpretWith(
  params: Record<string, Tensor>,
  values: Map<string, Float64Array>,
  wanted: Tensor[],
  leaves: Map<Tensor, ArrayLike<number>>,
): Float64Array[] {
  for (const [name, t] of Object.entries(params)) {
    const { of: pack, offset } = t.view!;
    if (!leaves.has(pack)) leaves.set(pack, new Float64Array(pack.size));
    (leaves.get(pack) as Float64Array).set(values.get(name)!, offset);
  }
  return interpret(wanted, leaves) as Float64Array[];
}

const reference = unplanned(30);

for (const provider of providers) {
  test(`thirty training steps on ${provider.name} have the losses of the unplanned run, the first ten to 1e-5`, async () => {
    const losses = await planned(await provider.open(), 30);
    for (const [step, loss] of losses.entries()) {
      expect(Math.abs(loss - reference[step]) / reference[step], `step ${step}`).toBeLessThan(step < 10 ? 1e-5 : 1e-4);
    }
  });

  test(`two runs of the same training on ${provider.name} have the same bits`, async () => {
    const device = await provider.open();
    expect(await planned(device, 5)).toEqual(await planned(device, 5));
  });
}

test("the reference run learns, so that equal losses mean something", () => {
  expect(new Set(reference.map((loss) => loss.toFixed(6))).size).toBe(30);
});
