import { matmul } from "../../kernels/mod.ts";
import type { Device } from "../devices/device.ts";
import { input, state, type Tensor } from "../graph.ts";
import { compile } from "../program.ts";
import { type Features, unitRows } from "./features.ts";
import { checkWidths, collectNearest, type NearestOptions, type Neighbours, type SeeQuery } from "./neighbours.ts";

/** Queries a run, and bytes of a part of the bank: far below any device's limit of a binding. */
const QUERIES = 256, PART_BYTES = 2 ** 25;

/**
 * `nearest()` with its products on a device. Similarities are float32 all the way, so that two neighbours which are equally near but for
 * the seventh digit may change places.
 */
export async function nearestOn(
  device: Device,
  bank: Features,
  queries: Features,
  k: number,
  options: NearestOptions = {},
): Promise<Neighbours> {
  const { neighbours, see } = collectNearest(queries.rows, k, options);
  await eachQueryOn(device, bank, queries, see);
  return neighbours;
}

/** `eachQuery()` with its products on a device. */
export async function eachQueryOn(device: Device, bank: Features, queries: Features, see: SeeQuery): Promise<void> {
  checkWidths(bank, queries);
  const b = unitRows(bank), q = unitRows(queries), C = bank.dim, Q = Math.min(QUERIES, q.rows);
  const size = Math.max(1, Math.floor(PART_BYTES / (4 * Math.max(C, Q)))), parts = Math.ceil(b.rows / size);
  const x = input("queries", [Q, C]), bankOf = (part: number) => b.values.subarray(part * size * C, (part + 1) * size * C);
  const products: Record<string, Tensor> = {};
  for (let part = 0; part < parts; part++) {
    products[part] = matmul(x, state(`bank ${part}`, [bankOf(part).length / C, C], () => bankOf(part)), { transposeB: true });
  }
  const program = await compile(device, products);
  try {
    const row = new Float32Array(b.rows);
    for (let first = 0; first < q.rows; first += Q) {
      const start = Math.min(first, q.rows - Q); // the last run begins earlier, so that it is full
      program.write({ queries: q.values.subarray(start * C, (start + Q) * C) });
      program.run();
      const found = await Promise.all(Object.keys(products).map((part) => program.read(part)));
      for (let r = first - start; r < Q; r++) {
        found.forEach((values, part) => {
          const width = values.length / Q;
          row.set(values.subarray(r * width, (r + 1) * width) as Float32Array, part * size);
        });
        see(start + r, row);
      }
    }
  } finally {
    program.destroy();
  }
}
