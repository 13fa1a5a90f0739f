import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { providers } from "../providers.ts";
import { runParity } from "./run.ts";

const fixtures = fileURLToPath(new URL("../../../shared/fixtures", import.meta.url));

test("every fixture of a kind that is implemented passes on every device", async () => {
  if (!existsSync(fixtures)) return console.log("parity: no shared/fixtures beside the checkout, so nothing was compared");
  const lines: string[] = [];
  const counts = await runParity(fixtures, await Promise.all(providers.map((p) => p.open())), (line) => lines.push(line));
  expect(lines.filter((line) => line.startsWith("FAILED"))).toEqual([]);
  expect(counts.passed).toBeGreaterThan(0);
}, 300_000);
