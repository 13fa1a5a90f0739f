import { bytesOf, type Format, utf8 } from "./format.ts";

/** More rows, and more bytes of names, than any disk holds: the header has room for numbers of this length. */
const MOST = 1e13;

/**
 * safetensors with `embeddings` F32 (N, D) and `names` U8, a JSON list of N names; the fingerprint is metadata. Written by hand, because
 * src/checkpoint wants every tensor's size before the first byte.
 */
export const safetensors: Format = ({ dim, fingerprint }) => {
  const names: string[] = [];
  const header = (rows: number, nameBytes: number) => {
    const end = rows * dim * 4;
    return JSON.stringify({
      __metadata__: { format: "zellige embeddings 1", fingerprint },
      embeddings: { dtype: "F32", shape: [rows, dim], data_offsets: [0, end] },
      names: { dtype: "U8", shape: [nameBytes], data_offsets: [end, end + nameBytes] },
    });
  };
  const room = 8 * Math.ceil(utf8(header(MOST, MOST)).length / 8);
  const head = (rows: number, nameBytes: number) => {
    const bytes = new Uint8Array(8 + room).fill(0x20);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(room), true);
    bytes.set(utf8(header(rows, nameBytes)), 8);
    return bytes;
  };
  return {
    head: () => head(0, 0),
    rows(rows) {
      names.push(...rows.names);
      return bytesOf(rows.values);
    },
    end() {
      const tail = utf8(JSON.stringify(names));
      return { tail, head: head(names.length, tail.length) };
    },
  };
};
