import { expect, test } from "bun:test";
import { RecipeError } from "../errors.ts";
import { describe, help, readSettings, Settings } from "./settings.ts";

test("readSettings() takes flags before the environment before the file before the defaults", () => {
  const settings = readSettings({
    args: ["--port", "1", "--config", "a.json"],
    env: { ZELLIGE_PORT: "2", ZELLIGE_MAX_PICTURES: "20", ZELLIGE_REMOTE_PICTURES: "a.org, b.org", ZELLIGE_TELEMETRY: "true" },
    readFile: (path) => path === "a.json" ? '{"port": 3, "maxPictures": 30, "queue": 30}' : "",
  }) as Settings;
  expect(settings).toMatchObject({ port: 1, maxPictures: 20, queue: 30, host: "127.0.0.1", remotePictures: ["a.org", "b.org"] });
  expect(settings.telemetry).toBe(true);
});

test("readSettings() names every fault", () => {
  const fault = (given: Parameters<typeof readSettings>[0]) => {
    try {
      readSettings(given);
    } catch (error) {
      expect(error).toBeInstanceOf(RecipeError);
      return (error as Error).message;
    }
    return "none";
  };
  expect(fault({ args: ["--prot", "1"] })).toMatch(/--prot/);
  expect(fault({ args: ["--port", "x"], env: { ZELLIGE_DEVICE: "abacus" } })).toMatch(/port[\s\S]*device|device[\s\S]*port/);
  expect(fault({ args: ["--config", "a"], readFile: () => '{"prot": 1}' })).toMatch(/unknown key prot/);
  expect(fault({ args: ["--config", "a"], readFile: () => "[1]" })).toMatch(/a cannot be read/);
  expect(fault({ args: ["--port", ""] })).toMatch(/port/);
});

test("describe() hides tokens and help() lists every setting", () => {
  const settings = readSettings({ env: { ZELLIGE_READ_TOKEN: "sesame-open" } }) as Settings;
  expect(JSON.stringify(describe(settings))).not.toContain("sesame");
  expect(describe(settings).readToken).toBe("(hidden)");
  const { store } = describe(readSettings({ args: ["--store", "postgres://ann:word@host/pictures"] }) as Settings);
  expect(store).toBe("postgres://(hidden)@host/pictures");
  expect(readSettings({ args: ["--help"] })).toBe("help");
  for (const name of ["--max-pictures", "--control-token", "--store"]) expect(help()).toContain(name);
  expect(help()).toMatch(/--port .*\[8000\]/);
  expect([readSettings({ args: ["--index", "true"] }), readSettings({})]).toMatchObject([{ index: true }, { window: 3 }]);
});
