import { expect, test } from "bun:test";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { child } from "../src/cli/child.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

/** The repository over http, as a user's `import` from a URL finds it. */
async function serve(): Promise<{ url: string; close: () => void }> {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url!, "http://localhost").pathname;
    const text = await readFile(join(root, path)).catch(() => null);
    response.writeHead(text ? 200 : 404, { "content-type": path.endsWith(".ts") ? "application/typescript" : "text/plain" });
    response.end(text ?? "not found");
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}

test("mod.ts can be imported over http into a folder without deno.json, and computes there", async () => {
  if (!("Deno" in globalThis)) return console.log("url import: Bun cannot import http URLs, so only Deno runs this");
  const { url, close } = await serve();
  const folder = await mkdtemp(join(tmpdir(), "zellige-url-"));
  try {
    await writeFile(
      join(folder, "main.ts"),
      `import { add, evaluate, input, linear, openDevice } from "${url}/mod.ts";
const device = await openDevice({ device: "cpu", threads: 2 });
const x = input("x", [2, 3]), w = input("w", [1, 3]);
console.log([...await evaluate(device, add(linear(x, w), linear(x, w)), { x: [1, 2, 3, 4, 5, 6], w: [1, 1, 1] })].join(" "));
await device.destroy();
`,
    );
    const { code, output } = await child(process.execPath, ["run", "-A", "--no-lock", "--reload=" + url, "main.ts"], {
      cwd: folder,
      quiet: true,
    });
    expect(output.split("\n")).toContain("12 30");
    expect(code).toBe(0);
  } finally {
    close();
    await rm(folder, { recursive: true });
  }
}, 120_000);
