import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect } from "node:net";
import OpenAI from "npm:openai@7.57.0";
import { createApp } from "./app.ts";
import { listen, type Listening } from "./listen.ts";
import { colourPng, dataUri, testEngine } from "./testing.ts";

const options = { host: "127.0.0.1", port: 0, headersTimeout: 500, requestTimeout: 1000, drain: 5000 };
const engine = testEngine();
let server: Listening;
beforeAll(async () => {
  server = await listen(
    createApp({ engine, settings: { logLevel: "silent", window: 0, requestTimeout: 1000, readToken: "sk-read-token" } }),
    options,
  );
});
afterAll(() => server.close());

const red = await colourPng(255, 0, 0), green = await colourPng(0, 255, 0);
const authorization = "Bearer sk-read-token";

test("the official client of OpenAI gets vectors, as lists and as base64", async () => {
  const client = new OpenAI({ apiKey: "sk-read-token", baseURL: `${server.url}/v1`, maxRetries: 0 });
  for (const encoding_format of [undefined, "float", "base64"] as const) {
    const { data, model } = await client.embeddings.create({ model: "default", input: [dataUri(red), dataUri(green)], encoding_format });
    expect(model).toBe("first");
    const vectors = data.map(({ embedding }) =>
      typeof embedding === "string"
        ? [...new Float32Array(Uint8Array.from(atob(embedding), (letter) => letter.charCodeAt(0)).buffer)]
        : embedding
    );
    expect(vectors.map((vector) => vector.map((value) => Math.round(value * 1e4) / 1e4))).toEqual([
      [0.4082, 0, 0, 0.8165, 0, 0.4082],
      [0, 0.4082, 0, 0.8165, 0, 0.4082],
    ]);
  }
  expect((await client.models.list()).data.map(({ id }) => id)).toEqual(["first"]);
  const failure = await client.embeddings.create({ model: "none", input: dataUri(red) }).catch((error) => error);
  expect([failure.status, failure.type]).toEqual([404, "not_found"]);
  const stranger = new OpenAI({ apiKey: "sk-wrong-token", baseURL: `${server.url}/v1`, maxRetries: 0 });
  expect((await stranger.models.list().catch((error) => error)).status).toBe(401);
});

test("a chunked body and a form arrive over a real connection", async () => {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(red.subarray(0, 10));
      controller.enqueue(red.subarray(10));
      controller.close();
    },
  });
  const chunked = await fetch(
    `${server.url}/v1/embeddings`,
    { method: "POST", body, headers: { authorization, "content-type": "image/png" }, duplex: "half" } as RequestInit,
  );
  expect([chunked.status, (await chunked.json()).data.length]).toEqual([200, 1]);
  const form = new FormData();
  form.append("input", new File([red], "red.png"));
  const formed = await fetch(`${server.url}/v1/embeddings`, { method: "POST", body: form, headers: { authorization } });
  expect([formed.status, (await formed.json()).data.length]).toEqual([200, 1]);
});

/** What comes back on a connection that sends `text` and then nothing, until it is closed. */
function dribble(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, "127.0.0.1", () => socket.write(text));
    let answer = "";
    socket.on("data", (data: Uint8Array) => answer += new TextDecoder().decode(data));
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });
}

test("slow headers and slow bodies are closed on time", async () => {
  expect(await dribble("GET /livez HTTP/1.1\r\nHost: a\r\n")).toMatch(/^$|408/);
  expect(
    await dribble(
      `POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
    ),
  ).toMatch(/^$|408/);
  expect((await fetch(`${server.url}/livez`)).status).toBe(200);
});

test("lengths that cannot be are refused before any of the body is read", async () => {
  const head =
    `POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: ${authorization}\r\nContent-Type: image/png\r\n`;
  expect(await dribble(`${head}Content-Length: 99999999999\r\n\r\nabc`)).toMatch(/^HTTP\/1\.1 413/);
  expect(await dribble(`${head}Content-Length: -5\r\n\r\nabc`)).toMatch(/^$|^HTTP\/1\.1 400/);
  expect(await dribble(`${head}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`)).toMatch(/^$|^HTTP\/1\.1 4\d\d/);
  expect((await fetch(`${server.url}/livez`)).status).toBe(200);
});

test("control over a connection from this machine needs no token where none is set", async () => {
  const open = await listen(createApp({ engine: testEngine(), settings: { logLevel: "silent" } }), options);
  try {
    const activate = (headers = {}) =>
      fetch(`${open.url}/v1/models`, {
        method: "POST",
        body: '{"source":"b"}',
        headers: { "content-type": "application/json", ...headers },
      });
    expect((await activate()).status).toBe(200);
    expect((await activate({ "x-forwarded-for": "1.2.3.4" })).status).toBe(403);
  } finally {
    await open.close();
  }
});

test("close() answers what is open and then ends", async () => {
  const slow = testEngine();
  let letGo = () => {}, inside = () => {};
  const held = new Promise<void>((resolve) => letGo = resolve), entered = new Promise<void>((resolve) => inside = resolve);
  slow.before = () => (inside(), held);
  const closing = await listen(createApp({ engine: slow, settings: { logLevel: "silent", window: 0 } }), options);
  const answer = fetch(`${closing.url}/v1/embeddings`, { method: "POST", body: red, headers: { "content-type": "image/png" } });
  await entered;
  const closed = closing.close();
  setTimeout(letGo, 50);
  expect((await answer).status).toBe(200);
  await closed;
  expect(await fetch(`${closing.url}/livez`).then(() => "open", () => "closed")).toBe("closed");
});

test("whoever leaves while waiting is dropped, and never reaches the engine", async () => {
  const slow = testEngine();
  let letGo = () => {}, inside = () => {};
  const held = new Promise<void>((resolve) => letGo = resolve), entered = new Promise<void>((resolve) => inside = resolve);
  slow.before = () => (inside(), held);
  const open = await listen(createApp({ engine: slow, settings: { logLevel: "silent", window: 0 } }), options);
  const post = (layer: number, signal?: AbortSignal) =>
    fetch(`${open.url}/v1/embeddings?layer=${layer}`, { method: "POST", body: red, headers: { "content-type": "image/png" }, signal });
  const pictures = async (outcome: string) => {
    const text = await (await fetch(`${open.url}/metrics`)).text();
    return Number(new RegExp(`pictures_total\\{outcome="${outcome}"\\} (\\d+)`).exec(text)?.[1] ?? 0);
  };
  const decoded = async () => Number(/decode_seconds_count (\d+)/.exec(await (await fetch(`${open.url}/metrics`)).text())?.[1] ?? 0);
  const working = post(0);
  await entered;
  const leave = new AbortController(), leaving = post(2, leave.signal).catch((error) => error.name);
  while (await decoded() < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  leave.abort();
  expect(await leaving).toBe("AbortError");
  while (await pictures("left") < 1) await new Promise((resolve) => setTimeout(resolve, 5));
  letGo();
  expect((await working).status).toBe(200);
  expect(slow.calls).toEqual(["embed 1 first"]);
  await open.close();
});

test("a port that is taken is an error that says so", async () => {
  const error = await listen(createApp({ engine, settings: { logLevel: "silent" } }), { ...options, port: server.port }).catch((error) =>
    error
  );
  expect(error.message).toMatch(/cannot be listened at \(EADDRINUSE\)/);
});
