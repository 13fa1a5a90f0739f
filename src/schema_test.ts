import { expect, test } from "bun:test";
import { z } from "npm:zod@4.6.7";
import { parseWith } from "./schema.ts";

const Inner = z.strictObject({ rate: z.number().positive(), kind: z.enum(["a", "b"]).default("a") });
const Outer = z.strictObject({ name: z.string(), parts: z.array(Inner).default([]), inner: Inner.optional() });

function faultsOf(value: unknown, fields?: string[]): string {
  try {
    parseWith(Outer, value, (faults) => new Error(faults), fields && (() => fields));
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("the value was taken");
}

test("parseWith() gives what fits, with its defaults", () => {
  expect(parseWith(Outer, { name: "x", inner: { rate: 1 } }, (faults) => new Error(faults))).toEqual({
    name: "x",
    parts: [],
    inner: { rate: 1, kind: "a" },
  });
});

test("every fault names its place, what may stand there and what does, in one line", () => {
  expect(faultsOf({ name: 3, parts: [{ rate: 1 }, { rate: -2, kind: "c" }] })).toBe(
    'name: expected string, received number, not 3; parts[1].rate: too small: expected number to be >0, not -2; parts[1].kind: invalid option: expected one of "a"|"b", not "c"',
  );
  expect(faultsOf(null)).toBe("expected object, received null");
});

test("an unknown key is named with the field that was probably meant", () => {
  const fields = ["name", "inner.rate", "inner.kind"];
  expect(faultsOf({ name: "x", nmae: 1, other: 2 }, fields)).toBe("unknown key nmae, perhaps name; unknown key other");
  expect(faultsOf({ name: "x", inner: { rate: 1, ratee: 2, ki: 3 } }, fields)).toBe(
    "unknown key inner.ratee, perhaps inner.rate; unknown key inner.ki, perhaps inner.kind",
  );
  expect(faultsOf({ nmae: 1, name: "x" })).toBe("unknown key nmae");
});
