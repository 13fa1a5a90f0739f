import { expect, test } from "bun:test";
import { fingerprint } from "./fingerprint.ts";

const weights = { "a.w": Float32Array.of(1, 2), "b.w": Float32Array.of(3) };

test("fingerprint() does not depend on the order of keys, and changes with every name and value", () => {
  const known = fingerprint({ vocab: 8, form: "dalle" }, Object.entries(weights));
  expect(known).toMatch(/^[0-9a-f]{32}$/);
  expect(fingerprint({ form: "dalle", vocab: 8 }, Object.entries(weights).reverse())).toBe(known);
  const others = [
    fingerprint({ vocab: 9, form: "dalle" }, Object.entries(weights)),
    fingerprint({ vocab: 8, form: "dalle" }, [["a.w", weights["a.w"]], ["c.w", weights["b.w"]]]),
    fingerprint({ vocab: 8, form: "dalle" }, [["a.w", weights["a.w"]], ["b.w", Float32Array.of(3.0000002)]]),
    fingerprint({ vocab: 8, form: "dalle" }, [["a.w", Float32Array.of(1)], ["b.w", Float32Array.of(2, 3)]]),
  ];
  expect(new Set([known, ...others]).size).toBe(5);
});
