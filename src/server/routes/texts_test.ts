import { expect, test } from "bun:test";
import OpenAI from "npm:openai@7.57.0";
import { createApp } from "../app.ts";
import { listen } from "../listen.ts";
import { colourPng, dataUri, model, testEngine, textModel } from "../testing.ts";

const red = await colourPng(255, 0, 0);

function open(engine = testEngine([textModel("words"), model("pictures")].reverse())) {
  const app = createApp({ engine, settings: { window: 0, logLevel: "silent" } });
  const send = async (path: string, init: RequestInit) => await app.fetch(new Request(`http://localhost${path}`, init));
  const post = async (path: string, body: unknown) => {
    const response = await send(path, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } });
    return { status: response.status, body: await response.json() };
  };
  return { engine, send, post };
}

test("a text model gives a vector a text, in order, and counts their tokens", async () => {
  const { post, engine } = open();
  const { status, body } = await post("/v1/embeddings", { input: ["a", "bcd"], normalize: false });
  expect([status, body.model, body.fingerprint, body.usage]).toEqual([200, "words", "print-words", { prompt_tokens: 4, total_tokens: 4 }]);
  expect(body.data.map(({ embedding }: { embedding: number[] }) => embedding)).toEqual([[1, 3, 1], [3, 3, 1]]);
  expect(engine.calls).toEqual(["embedTexts 2 words"]);
  const one = await post("/v1/embeddings", { input: "AAAA", layer: 1, pool: "class-token", normalize: false, model: "words" });
  expect([one.body.data[0].embedding, one.body.fingerprint]).toEqual([[4, 1, 1], "print-words:1:class-token"]);
});

test("a text that is too long fails alone, or is cut where that is wished", async () => {
  const { post } = open();
  const refused = await post("/v1/embeddings", { input: ["a", "abcdef"] });
  expect([refused.status, refused.body.error.message]).toEqual([422, "input[1]: has 6 letters, 1 to 4 are taken"]);
  const told = await post("/v1/embeddings", { input: ["a", "abcdef", ""], on_error: "report" });
  expect(told.body.data.map(({ object }: { object: string }) => object)).toEqual(["embedding", "error", "error"]);
  expect((await post("/v1/embeddings", { input: ["abcdef"], truncate: true, normalize: false })).body.data[0].embedding[0]).toBe(4);
});

test("a text classifier names classes", async () => {
  const { body } = await open().post("/v1/classify", { input: ["a", "abcd"], top: 1 });
  expect(body.data.map(({ classes }: { classes: unknown[] }) => classes)).toEqual([[{ label: "short", probability: 0.75 }], [{
    label: "long",
    probability: 1,
  }]]);
});

test("a picture to a model of texts, and a text to one of pictures, is a 4xx that says so", async () => {
  const { post, send } = open();
  const cases: [Promise<{ status: number; body: { error?: { message: string } } }>, number, RegExp][] = [
    [post("/v1/embeddings", { input: dataUri(red) }), 400, /^input: is a picture, words takes texts/],
    [post("/v1/embeddings", { input: ["a", { image: "AAAA" }] }), 400, /^input\[1\]: is a picture, words takes texts/],
    [post("/v1/embeddings", { input: { url: "http://example.org/a.png" } }), 400, /is a picture, words takes texts/],
    [post("/v1/classify", { input: dataUri(red) }), 400, /is a picture, words takes texts/],
    [post("/v1/embeddings", { input: "a cat on a mat", model: "pictures" }), 422, /no base64; give a picture .*texts to a model of texts/],
    [post("/v1/embeddings", { input: ["a"], pool: "both" }), 400, /no both/],
    [post("/v1/embeddings", { input: ["a"], dimensions: 2 }), 400, /dimensions: 2 is not fitted/],
    [post("/v1/embeddings/dense", { input: "a" }), 400, /words: takes texts, no pictures/],
    [post("/v1/attention", { input: "a" }), 400, /words: takes texts, no pictures/],
    [post("/v1/reconstruct", { input: "a" }), 400, /words: takes texts, no pictures/],
    [post("/v1/tokens", { input: "a" }), 404, /words: it has no tokenizer/],
    [post("/v1/decode", { ids: [[1]] }), 404, /words: it has no tokenizer/],
    [post("/v1/embeddings", { input: [1, 2] }), 400, /input/],
  ];
  for (const [answer, status, message] of cases) {
    const { body, ...got } = await answer;
    expect([got.status, body.error?.message ?? ""]).toEqual([status, expect.stringMatching(message)]);
  }
  const raw = await send("/v1/embeddings", { method: "POST", body: red, headers: { "content-type": "image/png" } });
  expect([raw.status, (await raw.json()).error.message]).toEqual([400, expect.stringMatching(/is a picture, words takes texts/)]);
});

test("the official client of OpenAI embeds texts", async () => {
  const app = createApp({ engine: testEngine([textModel("words")]), settings: { window: 0, logLevel: "silent" } });
  const server = await listen(app, { host: "127.0.0.1", port: 0, headersTimeout: 5000, requestTimeout: 5000, drain: 1000 });
  try {
    const client = new OpenAI({ apiKey: "any", baseURL: `${server.url}/v1`, maxRetries: 0 });
    const { data, usage } = await client.embeddings.create({ model: "default", input: ["ab", "abc"] });
    expect(data[0].embedding.map((value) => value * Math.hypot(2, 3, 1))).toEqual([2, 3, 1].map((value) => expect.closeTo(value, 5)));
    expect([data.length, usage.prompt_tokens]).toEqual([2, 5]);
  } finally {
    await server.close();
  }
});
