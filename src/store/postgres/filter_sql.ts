import type { Condition, Operator } from "../filter.ts";

const PATH: Record<Operator, string> = {
  $in: "$[*] ? (@ == $v[*])",
  $gt: "$[*] ? (@ > $v)",
  $gte: "$[*] ? (@ >= $v)",
  $lt: "$[*] ? (@ < $v)",
  $lte: "$[*] ? (@ <= $v)",
};

/**
 * A filter over the column metadata as an SQL expression. Keys and values are appended to `values` as parameters. A path in its lax mode goes
 * over the elements of a list, or over the value itself, and finds nothing where kinds differ.
 */
export function filterSql(condition: Condition, values: (string | number | null)[]): string {
  if ("all" in condition) return joined(condition.all, " AND ", "TRUE", values);
  if ("any" in condition) return joined(condition.any, " OR ", "FALSE", values);
  if ("not" in condition) return `NOT (${filterSql(condition.not, values)})`;
  const { key, operator, values: wanted } = condition;
  const k = values.push(key), v = values.push(JSON.stringify(operator === "$in" ? wanted : wanted[0]));
  return `COALESCE(jsonb_path_exists(metadata -> $${k}::text, '${PATH[operator]}', jsonb_build_object('v', $${v}::text::jsonb)), FALSE)`;
}

function joined(conditions: Condition[], word: string, empty: string, values: (string | number | null)[]): string {
  return conditions.length ? `(${conditions.map((one) => filterSql(one, values)).join(word)})` : empty;
}
