import { ShapeError } from "../../errors.ts";
import { escape } from "./html.ts";

export interface TokenMap {
  name: string;
  rows: number;
  columns: number;
  /** V. */
  vocab: number;
  /** (rows * columns), row after row. */
  tokens: ArrayLike<number>;
}

/** The colour of a token, the same in every map: neighbouring numbers are far apart, because they mean nothing to each other. */
export function tokenColour(token: number): string {
  const hue = token * 137.508 % 360, light = 38 + token * 61 % 40; // the golden angle spreads any number of hues
  return `hsl(${hue.toFixed(1)} 62% ${light}%)`;
}

/**
 * Tokens as a grid of colours; each cell tells its token to a pointer, and the figure lists rows of numbers for those who do not see it.
 *
 * ```ts
 * const svg = tokenMap({ name: "cat", rows: 1, columns: 2, vocab: 64, tokens: [5, 7] });
 * console.assert(svg.includes("2 different ones of 64"));
 * ```
 */
export function tokenMap({ name, rows, columns, vocab, tokens }: TokenMap): string {
  if (tokens.length !== rows * columns) {
    throw new ShapeError(`tokenMap: ${tokens.length} tokens do not fill ${rows} x ${columns} cells of ${name}`);
  }
  const cells = Array.from(
    tokens,
    (token, i) =>
      `<rect x="${i % columns}" y="${Math.floor(i / columns)}" width="1.02" height="1.02" fill="${
        tokenColour(token)
      }"><title>${token}</title></rect>`,
  );
  const distinct = new Set(Array.from(tokens)).size;
  const label = `${name}: ${rows} by ${columns} tokens, ${distinct} different ones of ${vocab}`;
  const numbers = Array.from({ length: rows }, (_, r) => Array.from(tokens).slice(r * columns, (r + 1) * columns).join(" ")).join("\n");
  return `<figure class="tokens"><svg viewBox="0 0 ${columns} ${rows}" role="img" aria-label="${escape(label)}">${cells.join("")}</svg>` +
    `<figcaption>${escape(label)}<details><summary>numbers</summary><pre>${numbers}</pre></details></figcaption></figure>`;
}
