// Kinds "masking_tape" (the masks that given random numbers lead to) and "masking_stats" (what many masks have in common).
// Host arithmetic, so every device gives the same.

import type { Device } from "../../src/devices/device.ts";
import { type BlockOptions, type NumberSource, officialBlockMask } from "../../src/data/mask.ts";
import { draws } from "../../src/data/random.ts";
import type { Check } from "./check.ts";
import { exact } from "./exact.ts";
import { type Fixture, openFixture } from "./fixture.ts";

// deno-lint-ignore no-explicit-any
const optionsOf = (c: any): BlockOptions => ({
  height: c.height,
  width: c.width,
  count: c.num_masking_patches,
  minBlock: c.min_num_patches,
  maxBlock: c.max_num_patches ?? undefined,
  minAspect: c.min_aspect,
  maxAspect: c.max_aspect ?? undefined,
});

class Tape implements NumberSource {
  used = 0;
  constructor(readonly numbers: Float64Array) {}

  uniform(low: number, high: number): number {
    return low + (high - low) * this.numbers[this.used++];
  }
  integer(low: number, high: number): number {
    return low + Math.floor(this.numbers[this.used++] * (high - low + 1));
  }
}

export async function maskingTape({ directory, manifest }: Fixture, _device: Device, check: Check): Promise<void> {
  // Its manifest lists no file: the tensors are in the one of its name.
  const { shapes, values } = await openFixture(directory, { ...manifest, files: { [`${manifest.name}.safetensors`]: {} } });
  for (const [name, config] of Object.entries(manifest.config)) {
    const [rows, columns] = shapes.get(`tape.${name}`)!;
    const tapes = values(`tape.${name}`), used = values(`used.${name}`), masks = values(`mask.${name}`), options = optionsOf(config);
    for (let row = 0; row < rows; row++) {
      const tape = new Tape(tapes.subarray(row * columns, (row + 1) * columns));
      const { mask } = officialBlockMask(tape, options), size = mask.length;
      exact(check, `mask.${name} of row ${row}`, mask, masks.subarray(row * size, (row + 1) * size));
      exact(check, `used.${name} of row ${row}`, [tape.used], [used[row]]);
    }
  }
}

export function maskingStats({ manifest }: Fixture, _device: Device, check: Check): Promise<void> {
  const { tolerance: t, count, config } = manifest, allowed = t as unknown as Record<string, number>;
  const options = optionsOf(config), { height, width } = options, n = allowed.for_n_draws;
  const cells = new Float64Array(height * width);
  const seen = { count: 0, full: 0, blocks: 0, added: 0, first: 0, failed: 0, horizontal: 0, vertical: 0 };
  for (let index = 0; index < n; index++) {
    const drawn = officialBlockMask(draws({ seed: manifest.seed, epoch: 0, index }, "mask"), options);
    drawn.mask.forEach((masked, i) => {
      cells[i] += masked / n;
      if (masked && i % width < width - 1) seen.horizontal += drawn.mask[i + 1];
      if (masked && i + width < drawn.mask.length) seen.vertical += drawn.mask[i + width];
    });
    const [{ height: h, width: w, added }] = drawn.blocks;
    if (drawn.count > options.count) check.fail(`mask ${index} has ${drawn.count} patches, at most ${options.count} are allowed`);
    if (added !== h * w || h >= height || w >= width) check.fail(`mask ${index} begins with ${added} patches of a block ${h}x${w}`);
    seen.count += drawn.count;
    seen.full += Number(drawn.count === options.count);
    seen.failed += Number(drawn.count < options.count);
    seen.blocks += drawn.blocks.length;
    seen.added += drawn.blocks.reduce((sum, block) => sum + block.added, 0);
    seen.first += h * w;
  }
  const close = (label: string, got: number, want: number, atol: number) => check.close(label, [got], [want], { rtol: 0, atol });
  close("mean count", seen.count / n, count.mean, allowed.count_mean_abs);
  close("share of full masks", seen.full / n, count.frac_full, allowed.frac_full_abs);
  close("mean number of blocks", seen.blocks / n, manifest.blocks_per_mask.mean, allowed.blocks_mean_abs);
  close("mean of new cells a block", seen.added / seen.blocks, manifest.new_cells_per_block.mean, allowed.new_cells_mean_abs);
  close("mean area of the first block", seen.first / n, manifest.first_block_area.mean, allowed.first_block_area_mean_abs);
  close("share that ended by failure", seen.failed / n, manifest.ended_by_10_failed_attempts, allowed.ended_by_failure_abs);
  const pairs = manifest.adjacent_pairs_per_masked_cell;
  close("horizontal pairs a cell", seen.horizontal / seen.count, pairs.horizontal, allowed.adjacent_pairs_abs);
  close("vertical pairs a cell", seen.vertical / seen.count, pairs.vertical, allowed.adjacent_pairs_abs);
  check.close("frequency of the cells", cells, manifest.cell_frequency.flat(), { rtol: 0, atol: allowed.cell_frequency_abs });
  return Promise.resolve();
}
