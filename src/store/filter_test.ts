import { expect, test } from "bun:test";
import { DataError } from "../errors.ts";
import { readFilter } from "./filter.ts";
import { filterSql } from "./sqlite/filter_sql.ts";

test("readFilter() keeps a filter as a tree", () => {
  expect(readFilter({ a: 1, $not: { b: { $gt: "x", $lte: "y" } } })).toEqual({
    all: [
      { key: "a", operator: "$in", values: [1] },
      { not: { all: [{ key: "b", operator: "$gt", values: ["x"] }, { key: "b", operator: "$lte", values: ["y"] }] } },
    ],
  });
});

test("filterSql() holds no value and no key in its text", () => {
  const { text, values } = filterSql(readFilter({ $or: [{ secret: { $in: ["'; DROP TABLE items; --", 7] } }, { flag: true }] }));
  expect(text).not.toMatch(/secret|DROP|flag|7/);
  expect(text.match(/\?/g)!.length).toBe(values.length);
});

test("readFilter() names the place of what is wrong", () => {
  const wrong: [unknown, RegExp][] = [
    [null, /^filter: is null; give an object/],
    [[], /^filter: is ; give an object/],
    ["a = 1", /^filter: is "a = 1"/],
    [{ $and: [] }, /^filter\.\$and: is ; give a list/],
    [{ $or: { a: 1 } }, /^filter\.\$or: is \[object Object\]/],
    [{ $and: [{ a: 1 }, 7] }, /^filter\.\$and\[1\]: is 7/],
    [{ $nor: [] }, /^filter: "\$nor" is neither/],
    [{ 'a"b': 1 }, /^filter: "a\\"b" is neither/],
    [{ a: {} }, /^filter\.a: compares with nothing/],
    [{ a: { $gt: true } }, /^filter\.a\.\$gt: is true; use text or a finite number/],
    [{ a: { $in: [] } }, /^filter\.a\.\$in: is ; give a list of 1 to 256 values/],
    [{ a: { $in: [1, null] } }, /^filter\.a\.\$in\[1\]: is null/],
    [{ a: NaN }, /^filter\.a\.\$eq: is NaN/],
    [{ a: ["x"] }, /^filter\.a\.\$eq: is x/],
    [{ a: "nul\0" }, /^filter\.a\.\$eq/],
    [{ a: { b: 1 } }, /^filter\.a: "b" is no comparison; use \$eq \$in/],
    [Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, i])), /more than 64 comparisons/],
    [Array.from({ length: 9 }).reduce((inner) => ({ $not: inner }), {}), /nested more than 8 deep/],
  ];
  for (const [filter, words] of wrong) {
    expect(() => readFilter(filter)).toThrow(DataError);
    expect(() => readFilter(filter)).toThrow(words);
  }
});
