import { afterAll, describe, expect, test } from "bun:test";
import { parquetMetadataAsync, parquetReadObjects } from "npm:hyparquet@1.31.5";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { openSafetensors } from "../checkpoint/mod.ts";
import { formatOf, formats, VectorFile } from "./mod.ts";

const folder = mkdtempSync(`${tmpdir()}/zellige-vectors-`);
afterAll(() => rmSync(folder, { recursive: true }));

const dim = 3, names = ["a.jpg", 'odd "name"\n, with ü.png', "c/d.webp"];
const values = Float32Array.of(0.1, -2, 3e-20, 1, 0, -0, 1 / 3, 16777217, 1e30);

/** Two calls of one and two rows. */
async function written(path: string): Promise<string> {
  const file = await VectorFile.create(path, { dim, fingerprint: "f00d" });
  await file.write({ names: names.slice(0, 1), values: values.subarray(0, 3) });
  await file.write({ names: [], values: new Float32Array() });
  await file.write({ names: names.slice(1), values: values.subarray(3) });
  expect(file.count).toBe(3);
  await file.finish();
  return path;
}

const bytesOf = (path: string) => {
  const bytes = readFileSync(path);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
};

test("an .npy file is NumPy's format 1.0 with its values at a multiple of 64, and its names stand beside it", async () => {
  const path = await written(`${folder}/v.npy`), bytes = readFileSync(path), length = bytes.readUInt16LE(8);
  expect([...bytes.subarray(0, 8)]).toEqual([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0]);
  expect((10 + length) % 64).toBe(0);
  expect(bytes.subarray(10, 10 + length).toString()).toMatch(/^\{'descr': '<f4', 'fortran_order': False, 'shape': \(3, 3\), \} *\n$/);
  expect(new Float32Array(bytesOf(path).slice(10 + length))).toEqual(values);
  expect(JSON.parse(readFileSync(`${path}.names.json`, "utf8"))).toEqual({ fingerprint: "f00d", names });
});

test("a .jsonl file has one object a line whose numbers are short and read back as the same float32", async () => {
  const lines = readFileSync(await written(`${folder}/v.jsonl`), "utf8").trim().split("\n").map((line) => JSON.parse(line));
  expect(lines.map(({ name }) => name)).toEqual(names);
  expect(Float32Array.from(lines.flatMap(({ embedding }) => embedding))).toEqual(values.map((v) => v === 0 ? 0 : v)); // JSON has no -0
  expect(lines.every(({ fingerprint }) => fingerprint === "f00d")).toBe(true);
  expect(readFileSync(`${folder}/v.jsonl`, "utf8")).toContain("[0.1,-2,3e-20]");
});

test("a .safetensors file is read back by the checkpoint reader", async () => {
  await using file = await openSafetensors(await written(`${folder}/v.safetensors`));
  expect(file.tensors.get("embeddings")).toMatchObject({ dtype: "F32", shape: [3, 3] });
  expect(await file.readFloat32("embeddings")).toEqual(values);
  expect(file.metadata.fingerprint).toBe("f00d");
  const raw = readFileSync(`${folder}/v.safetensors`).subarray(-file.tensors.get("names")!.shape[0]);
  expect(JSON.parse(raw.toString())).toEqual(names);
});

test("a .parquet file is read back as rows, with a row group a call", async () => {
  const path = await written(`${folder}/v.parquet`), file = bytesOf(path), metadata = await parquetMetadataAsync(file);
  expect(metadata.row_groups.map(({ num_rows }) => Number(num_rows))).toEqual([1, 2]);
  expect(metadata.key_value_metadata).toEqual([{ key: "fingerprint", value: "f00d" }, { key: "dimensions", value: "3" }]);
  const rows = await parquetReadObjects({ file });
  expect(rows.map(({ name }) => name)).toEqual(names);
  expect(Float32Array.from(rows.flatMap(({ embedding }) => embedding))).toEqual(values);
});

describe("every format", () => {
  for (const extension of Object.keys(formats)) {
    test(`.${extension}: without any row the file is whole, too`, async () => {
      const path = `${folder}/empty.${extension}`, file = await VectorFile.create(path, { dim, fingerprint: "f" });
      await file.finish();
      expect(existsSync(path)).toBe(true);
      if (extension === "parquet") expect(Number((await parquetMetadataAsync(bytesOf(path))).num_rows)).toBe(0);
      if (extension === "safetensors") await (await openSafetensors(path)).close();
    });

    test(`.${extension}: a file that is given up leaves the old one and nothing else`, async () => {
      const inside = mkdtempSync(`${folder}/old-`), path = `${inside}/v.${extension}`;
      writeFileSync(path, "old");
      const file = await VectorFile.create(path, { dim, fingerprint: "f" });
      await file.write({ names: ["x"], values: new Float32Array(3) });
      await file.discard();
      expect(readdirSync(inside)).toEqual([`v.${extension}`]);
      expect(readFileSync(path, "utf8")).toBe("old");
    });
  }
});

test("a safetensors header has room for any number of rows, so that the last head never grows over the values", () => {
  for (const fingerprint of ["", "f".repeat(64)]) {
    const encoding = formats.safetensors({ dim: 16384, fingerprint }), first = encoding.head().length;
    for (let i = 0; i < 50; i++) encoding.rows({ names: Array(100).fill("x".repeat(50)), values: new Float32Array() });
    expect(encoding.end().head!.length).toBe(first);
  }
});

test("what does not fit is refused by name", async () => {
  expect(() => formatOf("v.csv")).toThrow(/v\.csv: has no known extension; end it in \.npy, \.jsonl, \.parquet, \.safetensors/);
  expect(() => formatOf("npy")).toThrow(/npy: has no known extension/);
  await expect(VectorFile.create(`${folder}/none/v.npy`, { dim, fingerprint: "f" })).rejects.toThrow(/v\.npy: cannot be written/);
  const file = await VectorFile.create(`${folder}/w.npy`, { dim, fingerprint: "f" });
  await expect(file.write({ names: ["a"], values: new Float32Array(4) })).rejects.toThrow(/4 values are no vectors of 3 for 1 names/);
  await file.discard();
});
