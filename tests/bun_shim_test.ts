// The same file passes in Bun, whose behaviour it records, and in Deno, whose shim must do the same.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";

const log: string[] = [];
const noted = (word: string) => () => void log.push(word);

beforeAll(noted("file begins"));
beforeEach(noted("each"));

describe("outer", () => {
  beforeAll(noted("outer begins"));
  afterAll(noted("outer ends"));
  beforeEach(noted("outer each"));
  afterEach(noted("outer each ends"));
  test("the first test of the outer block", noted("first"));
  describe("inner", () => {
    beforeAll(noted("inner begins"));
    afterAll(noted("inner ends"));
    afterEach(noted("inner each ends"));
    test("the only test of the inner block", noted("second"));
    test.skip("is skipped and leaves no trace", noted("skipped"));
  });
});

describe.skip("a skipped block", () => {
  test("is skipped with its block", noted("skipped"));
});

test("hooks run once a block and once a test, outer before inner, and backwards after the test", () => {
  expect(log).toEqual([
    ...["file begins"],
    ...["outer begins", "each", "outer each", "first", "outer each ends"],
    ...["inner begins", "each", "outer each", "second", "inner each ends", "outer each ends", "inner ends"],
    ...["outer ends", "each"],
  ]);
});

test("expect() puts its message before what went wrong", async () => {
  expect(() => expect(1, "loss at step 3").toBe(2)).toThrow(/^loss at step 3[^]*Expected/);
  expect(() => expect(1, "loss at step 3").not.toBe(1)).toThrow(/^loss at step 3/);
  const later = async () => await expect(Promise.resolve(1), "later").resolves.toBe(2);
  await expect(later()).rejects.toThrow(/^later/);
});

const seen: unknown[] = [];
test.each([[1, "a"], [2, "b"]] as [number, string][])("row %d has %s", (n, letter) => void seen.push(n, letter));
test("test.each() runs every row with its values", () => expect(seen).toEqual([1, "a", 2, "b"]));

test.skipIf(true)("test.skipIf(true) skips its test", () => expect(1).toBe(2));
test.skipIf(false)("test.skipIf(false) runs its test", () => void seen.push("ran"));
test("what test.skipIf() ran was only the second", () => expect(seen.at(-1)).toBe("ran"));

test("expect.assertions() counts what the test asked", () => {
  expect.assertions(2);
  expect(1).toBe(1);
  expect(2).toBe(2);
});
