import { expect, test } from "bun:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createApp } from "./app.ts";
import { prepareHere } from "../inference/prepare.ts";
import { dataUri, testEngine } from "./testing.ts";

const folder = new URL("../../../shared/data/corrupt/", import.meta.url);

interface Expected {
  file: string;
  expected: "ok" | "error";
  allow_error?: boolean;
  allow_unsupported_error?: boolean;
}

test("everything corrupt, in each of the forms, is a 4xx that says why, and the next request succeeds", async () => {
  if (!existsSync(folder)) return console.log("skipped: no ../shared/data/corrupt");
  const app = createApp({ engine: testEngine(), settings: { logLevel: "silent", window: 0 }, prepare: prepareHere });
  const send = async (body: BodyInit, type?: string) =>
    await app.fetch(
      new Request("http://localhost/v1/embeddings", { method: "POST", body, headers: type ? { "content-type": type } : undefined }),
    );
  const json = (value: unknown) => send(JSON.stringify(value), "application/json");
  const forms: Record<string, (bytes: Uint8Array<ArrayBuffer>, name: string) => Promise<Response>> = {
    dataUri: (bytes) => json({ input: dataUri(bytes) }),
    image: (bytes) => json({ input: [{ image: bytes.toBase64() }] }),
    raw: (bytes) => send(bytes, "image/jpeg"),
    multipart(bytes, name) {
      const form = new FormData();
      form.append("input", new Blob([bytes]), name);
      return send(form);
    },
  };
  const files: Expected[] = JSON.parse(readFileSync(new URL("expected.json", folder), "utf8"));
  let refused = 0;
  for (const { file, expected, allow_error, allow_unsupported_error } of files) {
    const path = new URL(encodeURIComponent(file).replaceAll("%2F", "/"), folder);
    if (statSync(path).isDirectory()) continue;
    const bytes = new Uint8Array(readFileSync(path)), isContainer = file.includes("/");
    for (const [form, post] of Object.entries(forms)) {
      const response = await post(bytes, file), body = await response.json();
      const what = `${file} as ${form}: ${JSON.stringify(body).slice(0, 200)}`;
      if (response.status !== 200) {
        expect(response.status >= 400 && response.status < 500, what).toBe(true);
        expect(typeof body.error.type === "string" && body.error.message.length > 10, what).toBe(true);
        refused++;
      }
      if (isContainer || expected === "error") expect(response.status, what).not.toBe(200);
      else if (!allow_error && !allow_unsupported_error) expect(response.status, what).toBe(200);
    }
    const good = new Uint8Array(readFileSync(new URL("ok_rgb.png", folder)));
    expect((await forms.raw(good, "ok_rgb.png")).status, `after ${file}`).toBe(200);
  }
  expect(refused).toBeGreaterThan(100);
});
