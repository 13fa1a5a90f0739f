import { expect, test } from "bun:test";
import { join } from "node:path";
import { openSafetensors, parseSafetensors } from "./safetensors.ts";
import { safetensorsBytes, type TensorInput, writeSafetensors } from "./safetensors_write.ts";
import { checkpointError, fixture, inTemporaryFolder, readBytes } from "./testing.ts";

/** Every tensor of a file, ready to be written again without a change. */
function copyOf(path: string): Map<string, TensorInput> {
  const parsed = parseSafetensors(readBytes(path));
  const raw = (name: string) => {
    const { dtype } = parsed.tensors.get(name)!;
    if (dtype === "F16" || dtype === "BF16") return new Uint16Array(parsed.readRaw(name).slice().buffer);
    return dtype === "F64" ? parsed.readNumbers(name) : parsed.read(name);
  };
  return new Map([...parsed.tensors.values()].map(({ name, shape, dtype }) => [name, { shape, dtype, data: raw(name) }]));
}

test("writeSafetensors() and openSafetensors() keep every bit, dtype, shape and name", async () => {
  for (const name of ["st_edge.safetensors", "hf_cls_a/model.safetensors", "masking_tape.safetensors"]) {
    const path = fixture(name);
    if (!path) return;
    const before = parseSafetensors(readBytes(path));
    await inTemporaryFolder(async (folder) => {
      const copy = join(folder, "copy.safetensors");
      await writeSafetensors(copy, copyOf(path), before.metadata);
      await using after = await openSafetensors(copy);
      expect(after.metadata).toEqual(before.metadata);
      expect(new Set(after.tensors.keys())).toEqual(new Set(before.tensors.keys()));
      for (const info of before.tensors.values()) {
        const { dtype, shape, bytes } = after.get(info.name);
        expect({ dtype, shape, bytes }).toEqual({ dtype: info.dtype, shape: info.shape, bytes: info.bytes });
        expect(await after.readRaw(info.name)).toEqual(before.readRaw(info.name).slice());
      }
    });
  }
});

test("safetensorsBytes() writes wide dtypes first, names in order, data from a multiple of 8", async () => {
  const bytes = await safetensorsBytes({
    z: { shape: [3], data: Uint8Array.of(1, 2, 3) },
    b: { shape: [1], data: Float32Array.of(1.5) },
    10: { shape: [], data: BigInt64Array.of(-1n) },
    a: { shape: [1, 1], data: Float32Array.of(-2) },
  }, { format: "pt" });
  const header =
    '{"__metadata__":{"format":"pt"},"10":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[1,1],"data_offsets":[8,12]},' +
    '"b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]},"z":{"dtype":"U8","shape":[3],"data_offsets":[16,19]}}';
  const padded = header.padEnd(Math.ceil(header.length / 8) * 8, " ");
  expect(new TextDecoder().decode(bytes.subarray(8, 8 + padded.length))).toBe(padded);
  expect(new DataView(bytes.buffer).getBigUint64(0, true)).toBe(BigInt(padded.length));
  expect([...bytes.subarray(8 + padded.length)]).toEqual([255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 192, 0, 0, 192, 63, 1, 2, 3]);
});

test("safetensorsBytes() narrows float32 values to F16 and BF16 and widens them to F64", async () => {
  const data = Float32Array.of(0.1, -3, 65504);
  const parsed = parseSafetensors(
    await safetensorsBytes({
      h: { shape: [3], data, dtype: "F16" },
      b: { shape: [3], data, dtype: "BF16" },
      d: { shape: [3], data, dtype: "F64" },
    }),
  );
  expect([...parsed.readNumbers("h")]).toEqual([0.0999755859375, -3, 65504]);
  expect([...parsed.readNumbers("b")]).toEqual([0.10009765625, -3, 65536]);
  expect(parsed.readNumbers("d")).toEqual(new Float64Array(data));
});

test("safetensorsBytes() of nothing is a file that opens", async () => {
  const parsed = parseSafetensors(await safetensorsBytes({}));
  expect([parsed.tensors.size, parsed.metadata]).toEqual([0, {}]);
});

test("writeSafetensors() asks for a lazy tensor only after the one before it is written", async () => {
  await inTemporaryFolder(async (folder) => {
    const events: string[] = [];
    const lazy = (name: string, value: number) => ({
      shape: [1],
      dtype: "F32" as const,
      data: async () => {
        events.push(`begin ${name}`);
        await new Promise((later) => setTimeout(later, 1));
        events.push(`end ${name}`);
        return Float32Array.of(value);
      },
    });
    const path = join(folder, "x.safetensors");
    await writeSafetensors(path, { a: lazy("a", 1), b: lazy("b", 2) });
    expect(events).toEqual(["begin a", "end a", "begin b", "end b"]);
    await using opened = await openSafetensors(path);
    expect(await opened.read("b")).toEqual(Float32Array.of(2));
  });
});

const faults: [string, Record<string, TensorInput>, RegExp][] = [
  ["a shape of another size", { w: { shape: [2, 3], data: new Float32Array(5) } }, /bytes: w has 20 bytes, F32 \(2, 3\) needs 24/],
  [
    "an array of another dtype",
    { w: { shape: [2], data: new Float32Array(2), dtype: "I32" } },
    /w is given as Float32Array, which is not I32/,
  ],
  ["an array without a dtype", { w: { shape: [2], data: new DataView(new ArrayBuffer(2)) } }, /w is given as DataView, which has no dtype/],
  ["the name of the metadata", { __metadata__: { shape: [], data: new Float32Array(1) } }, /cannot be called __metadata__/],
];
for (const [what, tensors, reason] of faults) {
  test(`safetensorsBytes() refuses ${what}`, async () => {
    expect((await checkpointError(() => safetensorsBytes(tensors))).message).toMatch(reason);
  });
}
