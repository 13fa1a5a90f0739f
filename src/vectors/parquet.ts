import { ByteWriter, ParquetWriter, type SchemaElement } from "npm:hyparquet-writer@0.17.0";
import type { Format } from "./format.ts";

/** Apache Parquet: columns `name` (string) and `embedding` (list of float), a row group a call; the fingerprint is in the file's metadata. */
export const parquet: Format = ({ dim, fingerprint }) => {
  const bytes = new ByteWriter(),
    writer = new ParquetWriter({
      writer: bytes,
      schema,
      codec: "UNCOMPRESSED", // floats of embeddings hardly shrink, and compressing takes longer than writing
      statistics: false,
      kvMetadata: [{ key: "fingerprint", value: fingerprint }, { key: "dimensions", value: String(dim) }],
      createdBy: "zellige",
    });
  const taken = () => {
    const copy = bytes.getBytes().slice();
    bytes.index = 0; // `offset` goes on counting: the footer needs every group's place in the file
    return copy;
  };
  return {
    head: taken,
    rows({ names, values }) {
      const lists = names.map((_, i) => Array.from(values.subarray(i * dim, (i + 1) * dim)));
      writer.write({ columnData: [{ name: "name", data: [...names] }, { name: "embedding", data: lists }], rowGroupSize: names.length });
      return taken();
    },
    end() {
      writer.finish();
      return { tail: taken() };
    },
  };
};

const schema: SchemaElement[] = [
  { name: "root", num_children: 2 },
  { name: "name", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" },
  { name: "embedding", repetition_type: "REQUIRED", converted_type: "LIST", num_children: 1 },
  { name: "list", repetition_type: "REPEATED", num_children: 1 },
  { name: "element", type: "FLOAT", repetition_type: "REQUIRED" },
];
