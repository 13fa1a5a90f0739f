import { bytesOf, type Format, utf8 } from "./format.ts";

/** Bytes before the values: a multiple of 64, and room for any number of rows. */
const HEAD = 128;

/** NumPy's format 1.0: one array (N, D) of float32. Names and fingerprint stand beside it as JSON. */
export const npy: Format = ({ dim, fingerprint }) => {
  const names: string[] = [];
  const head = (rows: number) => {
    const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${dim}), }`.padEnd(HEAD - 11) + "\n";
    return Uint8Array.of(0x93, ...utf8("NUMPY"), 1, 0, HEAD - 10, 0, ...utf8(text));
  };
  return {
    head: () => head(0),
    rows(rows) {
      names.push(...rows.names);
      return bytesOf(rows.values);
    },
    end: () => ({
      head: head(names.length),
      beside: { extension: ".names.json", bytes: utf8(JSON.stringify({ fingerprint, names }) + "\n") },
    }),
  };
};
