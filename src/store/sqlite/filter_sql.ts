import type { Condition, Operator } from "../filter.ts";

export interface Sql {
  text: string;
  values: (string | number)[];
}

const SIGN: Record<Operator, string> = { $in: "IN", $gt: ">", $gte: ">=", $lt: "<", $lte: "<=" };
const KIND = { string: "'text'", number: "'integer', 'real'" };

/** A filter over items.metadata as an SQL expression. Keys and values are parameters; json_each gives a list's values, or the value itself. */
export function filterSql(condition: Condition): Sql {
  if ("all" in condition) return joined(condition.all, " AND ", "TRUE");
  if ("any" in condition) return joined(condition.any, " OR ", "FALSE");
  if ("not" in condition) {
    const { text, values } = filterSql(condition.not);
    return { text: `NOT (${text})`, values };
  }
  const { key, operator, values } = condition;
  const path = `$."${key}"`; // a key has no quote: see filter.ts
  const kind = typeof values[0] as "string" | "number" | "boolean";
  const found = (test: string) => `EXISTS (SELECT 1 FROM json_each(items.metadata, ?) AS found WHERE ${test})`;
  if (kind === "boolean") return { text: found(`found.type IN (${values.map(() => "?")})`), values: [path, ...values.map(String)] };
  return {
    text: found(`found.type IN (${KIND[kind]}) AND found.value ${SIGN[operator]} (${values.map(() => "?")})`),
    values: [path, ...values as string[]],
  };
}

function joined(conditions: Condition[], word: string, empty: string): Sql {
  const parts = conditions.map(filterSql);
  return { text: parts.length ? `(${parts.map(({ text }) => text).join(word)})` : empty, values: parts.flatMap(({ values }) => values) };
}
