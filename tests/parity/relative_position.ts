// Kinds "relpos_index" (rows of pairs, the gathered bias and its gradient) and "relpos_interp" (tables at another resolution).

import { gather } from "../../kernels/gather/gather.ts";
import { permute } from "../../kernels/permute/permute.ts";
import type { Device } from "../../src/devices/device.ts";
import { gradients } from "../../src/gradients.ts";
import { constant, input, reshape } from "../../src/graph.ts";
import { relativePositionIndex, relativePositionRows, type Window } from "../../src/models/relative_position.ts";
import { geometricGrid, resizeAbsolutePositions, resizeRelativePositions } from "../../src/models/resize_positions.ts";
import { compile } from "../../src/program.ts";
import type { Check } from "./check.ts";
import { exact } from "./exact.ts";
import type { Fixture } from "./fixture.ts";

export async function relposIndex({ manifest, shapes, values }: Fixture, device: Device, check: Check): Promise<void> {
  for (const window of manifest.config.windows as Window[]) {
    const name = window.join("x"), index = relativePositionIndex(window), T = window[0] * window[1] + 1;
    exact(check, `rows of ${name}`, [relativePositionRows(window)], [manifest.config.num_relative_distance[name]]);
    exact(check, `index.${name}`, index, values(`index.${name}`));
    const shape = shapes.get(`table.${name}`);
    if (!shape) continue;
    const table = input("table", shape), upstream = input("upstream", shapes.get(`upstream.${name}`)!);
    const rows = gather(table, constant("index", [T * T], index, "u32"));
    const bias = permute(reshape(rows, [T, T, shape[1]]), [2, 0, 1]);
    const program = await compile(device, { bias, gradient: gradients(bias, [table], upstream)[0] });
    try {
      program.write({ table: values(`table.${name}`), upstream: values(`upstream.${name}`) });
      program.run();
      const { forward, grad } = manifest.tolerance!;
      check.close(`bias.${name}`, await program.read("bias"), values(`bias.${name}`), forward);
      check.close(`grad_table.${name}`, await program.read("gradient"), values(`grad_table.${name}`), grad);
    } finally {
      program.destroy();
    }
  }
}

export function relposInterp({ manifest, shapes, values }: Fixture, _device: Device, check: Check): Promise<void> {
  const { interp } = manifest.tolerance!;
  for (const [source, target] of manifest.config.pairs as [number, number][]) {
    const name = `${source}to${target}`, from: Window = [source, source], to: Window = [target, target];
    const places = manifest.config.details?.[name]?.src_positions;
    if (places) check.close(`grid ${name}`, geometricGrid(2 * source - 1, 2 * target - 1), places, { rtol: 1e-12, atol: 0 });
    const resized = resizeRelativePositions(Float32Array.from(values(`in.${name}`)), shapes.get(`in.${name}`)![1], from, to);
    check.close(`out.${name}`, resized, values(`out.${name}`), interp);
    const absolute = shapes.get(`abs_in.${name}`);
    if (!absolute) continue;
    const positions = resizeAbsolutePositions(Float32Array.from(values(`abs_in.${name}`)), absolute[2], from, to);
    check.close(`abs_out.${name}`, positions, values(`abs_out.${name}`), interp);
  }
  return Promise.resolve();
}
