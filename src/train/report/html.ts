/** Text that may stand in HTML and in its attributes. */
export function escape(text: unknown): string {
  return String(text).replace(/[&<>"']/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[c]!);
}

/** A number as a person reads it: three or four digits that count. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e6 || (size < 1e-3 && size > 0)) return value.toExponential(1).replace("e+", "e");
  if (Number.isInteger(value)) return String(value);
  return size >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

/** 0.1234 as "12.3 %". */
export const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;

/** A table whose first column names the rows. Cells are text. */
export function table(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  marked?: (row: number) => boolean,
): string {
  const cells = (row: readonly string[]) =>
    row.map((cell, i) => i ? `<td>${escape(cell)}</td>` : `<th scope="row">${escape(cell)}</th>`).join("");
  return `<table><caption>${escape(caption)}</caption><thead><tr>${
    head.map((h) => `<th scope="col">${escape(h)}</th>`).join("")
  }</tr></thead>` +
    `<tbody>${rows.map((row, i) => `<tr${marked?.(i) ? ' class="marked"' : ""}>${cells(row)}</tr>`).join("\n")}</tbody></table>`;
}
