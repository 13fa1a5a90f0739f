import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import { afterAll, expect, test } from "bun:test";
import type { Choice, Launch } from "../graph.ts";
import { Tuner } from "./tuner.ts";

const folder = mkdtempSync(`${tmpdir()}/zellige-tuner-`), before = process.env.XDG_CACHE_HOME;
process.env.XDG_CACHE_HOME = folder;
afterAll(() => {
  if (before === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = before;
  rmSync(folder, { recursive: true });
});

const launch = (label: string): Launch[] => [{ label, wgsl: "", dims: {}, workgroups: 1 }];
const choice = (key: string, work = 1e9): Choice => ({
  key,
  preferred: "wide",
  work,
  options: { wide: launch("wide"), tall: launch("tall") },
});
const measured: string[] = [];
const tallIsFaster = ([{ label }]: Launch[]) => {
  measured.push(label);
  return Promise.resolve(label === "tall" ? 1 : 2);
};
const never = () => Promise.reject(new Error("measured again"));

test("the tuner takes the fastest variant, and remembers it for the adapter in the next process", async () => {
  expect(await new Tuner("adapter one", true).choose(choice("a"), tallIsFaster)).toBe("tall");
  expect(measured).toEqual(["wide", "tall"]);
  expect(await new Tuner("adapter one", true).choose(choice("a"), never)).toBe("tall");
  await expect(new Tuner("adapter two", true).choose(choice("a"), never)).rejects.toThrow("measured again");
});

test("the tuner prefers without measuring where work is small or tuning is off", async () => {
  expect(await new Tuner("adapter one", true).choose(choice("small", 1e6), never)).toBe("wide");
  expect(await new Tuner("adapter one", false).choose(choice("a"), never)).toBe("wide");
});

test("a damaged cache, and a variant that exists no more, are measured again", async () => {
  await new Tuner("damaged", true).choose(choice("a"), tallIsFaster);
  const file = readdirSync(`${folder}/zellige/tuning`).find((name) => name.startsWith("damaged"))!;
  writeFileSync(`${folder}/zellige/tuning/${file}`, '{"version":1,"answers":{"a":"ta');
  await expect(new Tuner("damaged", true).choose(choice("a"), never)).rejects.toThrow("measured again");
  writeFileSync(`${folder}/zellige/tuning/${file}`, JSON.stringify({ version: 1, answers: { a: "round" } }));
  expect(await new Tuner("damaged", true).choose(choice("a"), tallIsFaster)).toBe("tall");
});
