import { expect, test } from "bun:test";
import { Validator } from "npm:@seriousme/openapi-schema-validator@2.11.0";
import { decode } from "../data/decode.ts";
import { DeviceLostError } from "../errors.ts";
import { createApp, type Server } from "./app.ts";
import type { Settings } from "./settings.ts";
import { colourPng, dataUri, testEngine } from "./testing.ts";

const here = { incoming: { socket: { remoteAddress: "127.0.0.1" } } };
const far = { incoming: { socket: { remoteAddress: "10.1.2.3" } } };

function open(settings: Partial<Settings> = {}, engine = testEngine()) {
  const app = createApp({ engine, settings: { window: 0, logLevel: "silent", ...settings } });
  return { app, engine, ...client(app) };
}

function client(app: Server) {
  const send = async (path: string, init: RequestInit = {}, env: object = here) =>
    await app.fetch(new Request(`http://localhost${path}`, init), env);
  const post = (path: string, body: unknown, headers: Record<string, string> = {}, env: object = here) =>
    send(path, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", ...headers } }, env);
  return { send, post };
}

// deno-lint-ignore no-explicit-any -- answers are looked at field by field
const json = (response: Response): Promise<any> => response.json();
const red = await colourPng(255, 0, 0), green = await colourPng(0, 255, 0), blue = await colourPng(0, 0, 255);

test("POST /v1/embeddings answers in OpenAI's shape, in the order of the pictures", async () => {
  const { post } = open();
  const response = await post("/v1/embeddings", { model: "default", input: [dataUri(red), { image: dataUri(green) }], normalize: false });
  expect(response.status).toBe(200);
  for (const header of ["x-queue-time", "x-inference-time", "x-decode-time"]) {
    expect(Number(response.headers.get(header))).toBeGreaterThanOrEqual(0);
  }
  const { object, data, model, fingerprint, usage } = await json(response);
  expect([object, model, fingerprint, usage]).toEqual(["list", "first", "print-first", { prompt_tokens: 8, total_tokens: 8 }]);
  expect(data).toEqual([
    { object: "embedding", index: 0, embedding: [1, 0, 0, 2, 0, 1] },
    { object: "embedding", index: 1, embedding: [0, 1, 0, 2, 0, 1] },
  ]);
});

test("vectors have length 1 unless asked otherwise, also when cut to a fitted length", async () => {
  const { post } = open();
  const lengths = [];
  for (const dimensions of [undefined, 2]) {
    const [{ embedding }] = (await json(await post("/v1/embeddings", { input: dataUri(red), dimensions }))).data;
    lengths.push(embedding.length);
    expect(Math.hypot(...embedding)).toBeCloseTo(1, 6);
  }
  expect(lengths).toEqual([6, 2]);
  const refused = await post("/v1/embeddings", { input: dataUri(red), dimensions: 3 });
  expect([refused.status, (await json(refused)).error.message]).toEqual([400, "dimensions: 3 is not fitted for first; choose 2, 6"]);
});

test("every type of number has its list and its base64", async () => {
  const { post } = open();
  const ask = async (embedding_type: string, encoding_format: string) =>
    (await json(await post("/v1/embeddings", { input: dataUri(red), normalize: false, embedding_type, encoding_format }))).data[0];
  const bytes = async (type: string) => Uint8Array.from(atob((await ask(type, "base64")).embedding), (letter) => letter.charCodeAt(0));
  expect(Array.from(new Float32Array((await bytes("f32")).buffer))).toEqual([1, 0, 0, 2, 0, 1]);
  expect(Array.from(new Float16Array((await bytes("f16")).buffer))).toEqual([1, 0, 0, 2, 0, 1]);
  expect(await ask("int8", "float")).toMatchObject({ embedding: [64, 0, 0, 127, 0, 64], scale: 2 });
  expect((await ask("ubinary", "float")).embedding).toEqual([0b10010100]);
  expect(Array.from(await bytes("ubinary"))).toEqual([0b10010100]);
});

test("layer and pool reach the engine, and their vectors have a fingerprint of their own", async () => {
  const { post } = open();
  const { data, fingerprint } = await json(await post("/v1/embeddings", { input: dataUri(red), layer: 3, normalize: false }));
  expect([data[0].embedding[3], fingerprint]).toEqual([3, "print-first:3:mean"]);
  expect((await post("/v1/embeddings", { input: dataUri(red), layer: 4 })).status).toBe(400);
  expect((await post("/v1/embeddings", { input: dataUri(red), layer: 1, dimensions: 2 })).status).toBe(400);
});

test("forms of files and raw pictures are taken with their options", async () => {
  const { send } = open();
  const form = new FormData();
  form.append("input", new Blob([red]), "red.png");
  form.append("more", new Blob([green]), "green.png");
  form.append("normalize", "false");
  const many = await json(await send("/v1/embeddings", { method: "POST", body: form }));
  expect(many.data.map(({ embedding }: { embedding: number[] }) => embedding.slice(0, 3))).toEqual([[1, 0, 0], [0, 1, 0]]);
  const raw = await send("/v1/embeddings?normalize=false&layer=1", { method: "POST", body: red, headers: { "content-type": "image/png" } });
  expect((await json(raw)).data[0].embedding).toEqual([1, 0, 0, 1, 0, 1]);
});

function formWith(field: string): FormData {
  const form = new FormData();
  form.append("input", new Blob([red]), "red.png");
  form.append(field, "1");
  return form;
}

test("what is wrong with a request is named, with a 4xx", async () => {
  const { post, send } = open({ maxPictures: 2, maxBody: 5000, maxPicture: 3000 });
  const cases: [Promise<Response>, number, RegExp][] = [
    [post("/v1/embeddings", { input: dataUri(red), modle: "x", dimensions: 0 }), 400, /dimensions.*unknown key modle/],
    [post("/v1/embeddings", {}), 400, /input/],
    [post("/v1/embeddings", { input: [] }), 400, /input/],
    [post("/v1/embeddings", { input: dataUri(red), model: "gpt" }), 404, /"gpt"; there are default, first/],
    [post("/v1/embeddings", { input: "a picture of a cat." }), 422, /no base64/],
    [post("/v1/embeddings", { input: "data:image/png,abc" }), 422, /not in base64/],
    [post("/v1/embeddings", { input: [dataUri(red), dataUri(Uint8Array.of(1, 2, 3))] }), 422, /^input\[1\]: no picture format/],
    [
      post("/v1/embeddings", { input: [dataUri(red), dataUri(red), dataUri(red)] }),
      413,
      /3 pictures or texts, the limit of one request is 2/,
    ],
    [post("/v1/embeddings", { input: { image: "A".repeat(4200) } }), 413, /the limit of one picture is 3000/],
    [post("/v1/embeddings", { input: "A".repeat(6000) }), 413, /the limit is 5000/],
    [post("/v1/embeddings", { input: { url: "http://example.org/a.png" } }), 403, /not fetched by address here/],
    [post("/v1/embeddings", { input: dataUri(blue) }), 422, /not finite/],
    [send("/v1/embeddings", { method: "POST", body: "{", headers: { "content-type": "application/json" } }), 400, /no JSON/],
    [send("/v1/embeddings", { method: "POST", body: "x", headers: { "content-type": "text/plain" } }), 415, /text\/plain/],
    [
      send("/v1/embeddings", { method: "POST", body: "x", headers: { "content-type": "multipart/form-data; boundary=y" } }),
      400,
      /multipart|no file/,
    ],
    [
      send("/v1/embeddings?colour=1", { method: "POST", body: red, headers: { "content-type": "image/png" } }),
      400,
      /unknown key colour/,
    ],
    [send("/v1/embeddings", { method: "POST", body: "[".repeat(4000), headers: { "content-type": "application/json" } }), 400, /no JSON/],
    [
      send("/v1/collections/a/search", { method: "POST", body: '{"vector":[1,NaN]}', headers: { "content-type": "application/json" } }),
      422,
      /NaN or Infinity/,
    ],
    [send("/v1/embeddings"), 405, /other methods/],
    [
      send("/v1/embeddings?layer=1&layer=2", { method: "POST", body: red, headers: { "content-type": "image/png" } }),
      400,
      /layer is given 2 times/,
    ],
    ...["constructor", "__proto__", "toString"].map((name): [Promise<Response>, number, RegExp] => [
      send(`/v1/embeddings?${name}=1`, { method: "POST", body: red, headers: { "content-type": "image/png" } }),
      400,
      new RegExp(`unknown key ${name}`),
    ]),
    [send("/v1/embeddings", { method: "POST", body: formWith("constructor") }), 400, /unknown key constructor/],
    [send("/v1/embeddings", { method: "POST", body: formWith("__proto__") }), 400, /unknown key __proto__/],
    [
      send("/v1/embeddings", { method: "POST", body: red, headers: { "content-type": "image/png", "content-encoding": "gzip" } }),
      415,
      /content-encoding is gzip/,
    ],
    [post("/v1/embeddings", JSON.parse('{"input":"x","__proto__":{"a":1}}')), 400, /__proto__/],
    [send("/v1/runs/a%00b"), 400, /path/],
    [send("/v1/runs/%E0%A4%A"), 400, /path/],
    [send("/v1/runs/x/images/..%2f..%2frecipe.json"), 400, /path/],
    [send("/v1/collections/a%2fb"), 400, /path/],
    [send("/v1/runs?x=1"), 400, /unknown key x/],
    [post("/v1/models", { source: "a", force: true }), 400, /unknown key force/],
    [post("/v1/embeddings", null), 400, /expected object/],
    [
      send("/v1/embeddings", { method: "POST", body: Uint8Array.of(0xff, 0xfe, 123), headers: { "content-type": "application/json" } }),
      400,
      /no JSON/,
    ],
    [send("/v2"), 404, /nothing/],
    [send("/v1/runs/..%2Fsecret"), 400, /path/],
  ];
  for (const [response, status, message] of cases) {
    const { error } = await json(await response);
    expect(error.message).toMatch(message);
    expect([(await response).status, typeof error.type]).toEqual([status, "string"]);
  }
  expect((await send("/v1/models", { method: "DELETE" })).headers.get("allow")).toBe("GET, POST");
  expect((await post("/v1/embeddings", { input: dataUri(red) })).status).toBe(200);
});

test("with on_error report a bad picture has its error in its place", async () => {
  const { post } = open();
  const { data } = await json(await post("/v1/embeddings", { input: [dataUri(red), "AAAA", dataUri(blue)], on_error: "report" }));
  expect(data.map(({ object, error }: { object: string; error?: { type: string } }) => [object, error?.type])).toEqual([
    ["embedding", undefined],
    ["error", "bad_data"],
    ["error", "bad_data"],
  ]);
});

test("dense embeddings, tokens, classes come as lists; decode, reconstruct and attention as PNG", async () => {
  const { post } = open();
  const dense = await json(await post("/v1/embeddings/dense", { input: dataUri(red) }));
  expect([dense.grid, dense.dimensions, dense.data[0].embedding]).toEqual([[2, 2], 2, [1, 0, 1, 1, 1, 2, 1, 3]]);
  const tokens = await json(await post("/v1/tokens", { input: dataUri(red) }));
  expect([tokens.grid, tokens.vocab, tokens.data[0].ids]).toEqual([[2, 2], 16, [[0, 1], [15, 0]]]);
  const classes = await json(await post("/v1/classify", { input: dataUri(green), top: 2 }));
  expect(classes.data[0].classes).toEqual([{ label: "dog", probability: 1 }, { label: "cat", probability: 0 }]);

  const picture = async (path: string, body: object) => {
    const response = await post(path, body);
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "image/png"]);
    return await decode(new Uint8Array(await response.arrayBuffer()), { name: path });
  };
  const decoded = await picture("/v1/decode", { ids: [[1, 2], [3, 4]] });
  expect([decoded.width, ...decoded.pixels.filter((_, i) => i % 3 === 0)]).toEqual([2, 1, 2, 3, 4]);
  const strip = await picture("/v1/reconstruct", { input: dataUri(red), mask: [[1, 0], [0, 0]] });
  expect([strip.width, strip.height]).toEqual([3 * 8 + 2 * 4, 8]);
  expect([...strip.pixels.subarray(0, 3)]).toEqual([255, 0, 0]);
  expect([...strip.pixels.subarray(3 * 12, 3 * 13)]).toEqual([128, 128, 128]);
  expect([...strip.pixels.subarray(3 * 24, 3 * 25)]).toEqual([0, 255, 255]);
  expect((await picture("/v1/attention", { input: dataUri(red) })).width).toBe(2 * 8 + 4);
  expect((await picture("/v1/attention", { input: dataUri(red), head: 1, layer: 2 })).width).toBe(8);

  for (
    const [path, body] of [
      ["/v1/decode", { ids: [[1, 2]] }],
      ["/v1/decode", { ids: [[1, 2], [3, 16]] }],
      ["/v1/reconstruct", { input: dataUri(red), mask: [[1]] }],
    ] as const
  ) expect((await post(path, body)).status).toBe(422);
  expect((await post("/v1/attention", { input: dataUri(red), head: 2 })).status).toBe(400);
});

test("pictures of many requests go through the engine together, and one poisoned one fails alone", async () => {
  const engine = testEngine();
  let letGo = () => {};
  const held = new Promise<void>((resolve) => letGo = resolve);
  let passes = 0;
  engine.before = (_, { count, data }) => {
    if (passes++ < 1) return held;
    if (count > 1 && data.includes(77)) throw new Error("poison");
    if (data.includes(77)) throw new Error("still poison");
  };
  const { post } = open({}, engine);
  const first = post("/v1/embeddings", { input: dataUri(red) });
  while (passes < 1) await new Promise((resolve) => setTimeout(resolve, 1));
  const poison = await colourPng(77, 77, 77);
  const rest = [red, poison, green].map((bytes) => post("/v1/embeddings", { input: dataUri(bytes), layer: 2 }));
  await new Promise((resolve) => setTimeout(resolve, 30));
  letGo();
  expect((await Promise.all([first, ...rest])).map(({ status }) => status)).toEqual([200, 200, 500, 200]);
  expect(engine.calls.filter((call) => call.startsWith("embed 3"))).toHaveLength(1);
});

test("a full queue answers 429 with Retry-After, a closing server 503, and whoever is inside is answered", async () => {
  const engine = testEngine();
  let letGo = () => {}, inside = () => {};
  const held = new Promise<void>((resolve) => letGo = resolve), entered = new Promise<void>((resolve) => inside = resolve);
  engine.before = () => (inside(), held);
  const { app, post, send } = open({ queue: 2 }, engine);
  expect((await post("/v1/embeddings", { input: [dataUri(red), dataUri(red), dataUri(red)] })).status).toBe(413);
  const accepted = post("/v1/embeddings", { input: [dataUri(red), dataUri(green)] });
  await entered;
  const full = await post("/v1/embeddings", { input: dataUri(red) });
  expect([full.status, Number(full.headers.get("retry-after")) >= 1, (await json(full)).error.type]).toEqual([429, true, "overloaded"]);
  const drained = app.drain();
  const closing = await post("/v1/embeddings", { input: dataUri(red) });
  expect([closing.status, (await send("/readyz")).status, (await send("/livez")).status]).toEqual([503, 503, 200]);
  letGo();
  expect((await accepted).status).toBe(200);
  await drained;
});

test("a lost device answers 503, and the next request may succeed", async () => {
  const { post, send, engine } = open();
  engine.before = () => {
    throw new DeviceLostError("device: lost; it is opened again");
  };
  expect([(await post("/v1/embeddings", { input: dataUri(red) })).status, (await send("/readyz")).status, (await send("/livez")).status])
    .toEqual([503, 503, 200]);
  engine.before = () => {};
  expect([(await post("/v1/embeddings", { input: dataUri(red) })).status, (await send("/readyz")).status]).toEqual([200, 200]);
});

test("a model is replaced while a request is at work with it, and freed after that", async () => {
  const engine = testEngine();
  let letGo = () => {}, inside = () => {};
  const held = new Promise<void>((resolve) => letGo = resolve), entered = new Promise<void>((resolve) => inside = resolve);
  engine.before = () => (inside(), held);
  const { post, send } = open({}, engine);
  const before = post("/v1/embeddings", { input: dataUri(red) });
  await entered;
  const activated = await json(await post("/v1/models", { source: "runs/new" }));
  expect([activated.id, activated.source, activated.default]).toEqual(["activated-1", "runs/new", true]);
  expect(engine.calls).not.toContain("release first");
  letGo();
  expect((await json(await before)).model).toBe("first");
  expect(engine.calls).toContain("release first");
  expect((await json(await post("/v1/embeddings", { input: dataUri(red) }))).model).toBe("activated-1");
  expect((await json(await send("/v1/models"))).data.map(({ id }: { id: string }) => id)).toEqual(["activated-1"]);
  expect([(await send("/v1/models/default")).status, (await send("/v1/models/first")).status]).toEqual([200, 404]);
});

test("tokens open reading and control, each its own", async () => {
  const { post, send } = open({ readToken: "read-secret", controlToken: "control-secret" });
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const read = async (headers = {}) => (await send("/v1/models", { headers })).status;
  expect([await read(), await read(bearer("wrong-secret")), await read(bearer("read-secret")), await read(bearer("control-secret"))])
    .toEqual([401, 401, 200, 200]);
  const control = async (headers = {}) => (await post("/v1/models", { source: "a" }, headers)).status;
  expect([await control(), await control(bearer("read-secret")), await control(bearer("control-secret"))]).toEqual([401, 403, 200]);
  expect([(await send("/livez")).status, (await send("/docs")).status, (await send("/metrics")).status]).toEqual([200, 200, 401]);
});

test("without a token only this machine may control, and not through a proxy or another site's page", async () => {
  const { post } = open();
  const status = async (env: object, headers = {}) => (await post("/v1/models", { source: "a" }, headers, env)).status;
  expect(await status(here)).toBe(200);
  expect(await status({ incoming: { socket: { remoteAddress: "::ffff:127.0.0.1" } } })).toBe(200);
  expect(await status(here, { host: "localhost:8000", origin: "http://localhost:8000" })).toBe(200);
  expect(await status(far)).toBe(403);
  expect(await status({})).toBe(403);
  expect(await status(here, { "x-forwarded-for": "1.2.3.4" })).toBe(403);
  expect(await status(here, { host: "localhost:8000", origin: "http://evil.example" })).toBe(403);
  expect(await status(here, { host: "evil.example:8000", origin: "http://evil.example:8000" })).toBe(403);
});

test("the OpenAPI document is valid and has every path, and /docs shows them", async () => {
  const { app, send } = open();
  const document = await json(await send("/openapi.json"));
  const { valid, errors } = await new Validator().validate(document);
  expect(valid, JSON.stringify(errors)).toBe(true);
  expect(Object.keys(document.paths)).toEqual(Object.keys(app.document.paths!));
  const page = await (await send("/docs")).text();
  for (const path of ["/v1/embeddings", "/v1/collections/{name}/search", "/v1/runs/{id}/events", "/metrics"]) expect(page).toContain(path);
  expect(page).not.toMatch(/<script|https?:\/\//);
});

test("metrics count by route and status, and no request can add a label", async () => {
  const { post, send } = open();
  await post("/v1/embeddings", { input: [dataUri(red), dataUri(green)] });
  for (let i = 0; i < 5; i++) await send(`/nothing/${i}`, { method: "GET" });
  await send("/v1/models/strange");
  const text = await (await send("/metrics")).text();
  expect(text).toContain('zellige_requests_total{method="POST",route="/v1/embeddings",status="2xx"} 1');
  expect(text).toContain('zellige_requests_total{method="GET",route="other",status="4xx"} 5');
  expect(text).toContain('zellige_pictures_total{outcome="done"} 2');
  expect(text).toMatch(/zellige_batch_pictures_bucket\{le="\+Inf"\} [12]/);
  expect(text).not.toContain("strange");
});

test("every answer has a request id and secure headers, and CORS only where it is set", async () => {
  const { send } = open();
  const plain = await send("/livez", { headers: { origin: "http://a.example", "x-request-id": "mine-1" } });
  expect(plain.headers.get("x-request-id")).toBe("mine-1");
  expect(plain.headers.get("x-content-type-options")).toBe("nosniff");
  expect(plain.headers.get("content-security-policy")).toContain("default-src 'self'");
  expect(plain.headers.get("access-control-allow-origin")).toBe(null);
  expect((await send("/nothing", { headers: { "x-request-id": "a b" } })).headers.get("x-request-id")).toMatch(/^[\da-f-]{36}$/);
  const shared = open({ cors: ["http://a.example"] });
  expect((await shared.send("/livez", { headers: { origin: "http://a.example" } })).headers.get("access-control-allow-origin")).toBe(
    "http://a.example",
  );
  expect((await shared.send("/livez", { headers: { origin: "http://b.example" } })).headers.get("access-control-allow-origin")).toBe(null);
});

test("the log has one JSON object a request and the stack of what failed, which the caller is not told", async () => {
  const engine = testEngine(), lines: { message: string; fields: Record<string, unknown> }[] = [];
  engine.before = () => {
    throw new TypeError("a secret detail");
  };
  const app = createApp({ engine, settings: { window: 0 }, log: (_, message, fields = {}) => lines.push({ message, fields }) });
  const response = await client(app).post("/v1/embeddings", { input: dataUri(red) }, { "x-request-id": "r1" });
  expect([response.status, (await json(response)).error.message]).toEqual([
    500,
    "the server failed; its log has the reason under request r1",
  ]);
  expect(lines.map(({ message, fields }) => [message, fields.request])).toEqual([["failure", "r1"], ["request", "r1"]]);
  expect(String(lines[0].fields.error)).toContain("a secret detail");
});
