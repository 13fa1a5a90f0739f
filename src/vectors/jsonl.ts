import { type Format, utf8 } from "./format.ts";

/** One JSON object a line: name, fingerprint, embedding. */
export const jsonl: Format = ({ dim, fingerprint }) => ({
  head: () => new Uint8Array(),
  rows({ names, values }) {
    const lines = names.map((name, i) => {
      // A float32 needs nine digits at most; JavaScript would print the seventeen of the float64 that holds it.
      const embedding = Array.from(values.subarray(i * dim, (i + 1) * dim), shortest).join(",");
      return `{"name":${JSON.stringify(name)},"fingerprint":${JSON.stringify(fingerprint)},"embedding":[${embedding}]}\n`;
    });
    return utf8(lines.join(""));
  },
  end: () => ({}),
});

/** The shortest number that reads back as the same float32. */
function shortest(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const text = Number(value.toPrecision(digits));
    if (Math.fround(text) === value) return String(text);
  }
  return String(Number(value.toPrecision(9)));
}
