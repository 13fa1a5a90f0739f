// Filters on metadata: a small language, read strictly, kept as a tree that each store turns into SQL with bound parameters.
//
//   {}                                             every item
//   { "label": "cat" }                             equal; for a list of text: one of them is equal
//   { "label": { "$in": ["cat", "dog"] } }         equal to one of these
//   { "year": { "$gte": 2000, "$lt": 2010 } }      $eq $in $gt $gte $lt $lte, all of them must hold
//   { "label": "cat", "year": 2001 }               several keys: all of them must hold
//   { "$or": [{ ... }, { ... }] }                  also $and; "$not": { ... }
//
// A comparison holds only between values of one kind: numbers by size, text by code points, booleans by equality. An item without the
// key fits no comparison, so that { "$not": { "year": { "$gt": 0 } } } finds also those that have no year.

import { DataError } from "../errors.ts";
import { isText, shown } from "./check.ts";

type Scalar = string | number | boolean;
const OPERATORS = ["$eq", "$in", "$gt", "$gte", "$lt", "$lte"] as const;
export type Operator = Exclude<(typeof OPERATORS)[number], "$eq">;

export type Comparison = {
  $eq?: Scalar;
  $in?: Scalar[];
  $gt?: string | number;
  $gte?: string | number;
  $lt?: string | number;
  $lte?: string | number;
};

/** A filter as a request has it. */
export interface Filter {
  $and?: Filter[];
  $or?: Filter[];
  $not?: Filter;
  [key: string]: Scalar | Comparison | Filter | Filter[] | undefined;
}

/** A filter that was read: `values` of a comparison are of one kind, and only $in has several. */
export type Condition =
  | { all: Condition[] }
  | { any: Condition[] }
  | { not: Condition }
  | { key: string; operator: Operator; values: string[] | number[] | boolean[] };

const MAX_CONDITIONS = 64;
const MAX_DEPTH = 8;
const MAX_VALUES = 256;

/** Reads a filter; a DataError names the place of what is wrong with it. */
export function readFilter(filter: unknown): Condition {
  let left = MAX_CONDITIONS;

  function read(value: unknown, place: string, depth: number): Condition {
    if (depth > MAX_DEPTH) throw new DataError(`${place}: nested more than ${MAX_DEPTH} deep; write it flatter`);
    if (!isObject(value)) throw new DataError(`${place}: is ${shown(value)}; give an object`);
    return {
      all: Object.entries(value).filter(([, part]) => part !== undefined).flatMap(([key, part]): Condition[] => {
        const at = `${place}.${key}`;
        if (key === "$not") return [{ not: read(part, at, depth + 1) }];
        if (key === "$and" || key === "$or") {
          if (!Array.isArray(part) || !part.length) throw new DataError(`${at}: is ${shown(part)}; give a list of filters, at least one`);
          const parts = part.map((one, i) => read(one, `${at}[${i}]`, depth + 1));
          return [key === "$and" ? { all: parts } : { any: parts }];
        }
        if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/.test(key)) {
          throw new DataError(`${place}: ${shown(key)} is neither $and, $or, $not nor a key of metadata (1 to 64 of A-Z a-z 0-9 _ . -)`);
        }
        return compare(key, isObject(part) ? part : { $eq: part }, at);
      }),
    };
  }

  function compare(key: string, comparison: Record<string, unknown>, place: string): Condition[] {
    const entries = Object.entries(comparison).filter(([, value]) => value !== undefined);
    if (!entries.length) throw new DataError(`${place}: compares with nothing; use ${OPERATORS.join(" ")}`);
    return entries.flatMap(([operator, value]): Condition[] => {
      if (--left < 0) throw new DataError(`filter: more than ${MAX_CONDITIONS} comparisons; use $in, or fewer`);
      const at = `${place}.${operator}`;
      if (!(OPERATORS as readonly string[]).includes(operator)) {
        throw new DataError(`${place}: ${shown(operator)} is no comparison; use ${OPERATORS.join(" ")}`);
      }
      if (operator !== "$in") {
        checkScalar(at, value, operator !== "$eq");
        return [{ key, operator: operator === "$eq" ? "$in" : operator as Operator, values: [value] as string[] }];
      }
      if (!Array.isArray(value) || !value.length || value.length > MAX_VALUES) {
        throw new DataError(`${at}: is ${shown(value)}; give a list of 1 to ${MAX_VALUES} values`);
      }
      value.forEach((one, i) => checkScalar(`${at}[${i}]`, one, false));
      const kinds = Object.values(Object.groupBy(value, (one) => typeof one)) as string[][];
      return [{ any: kinds.map((values) => ({ key, operator: "$in", values })) }];
    });
  }

  return read(filter, "filter", 1);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function checkScalar(place: string, value: unknown, ordered: boolean): void {
  if (isText(value) || typeof value === "number" && Number.isFinite(value) || !ordered && typeof value === "boolean") return;
  throw new DataError(`${place}: is ${shown(value)}; use text${ordered ? " or a finite number" : ", a finite number or a boolean"}`);
}
