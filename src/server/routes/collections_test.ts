import { expect, test } from "bun:test";
import { importLines, openStore } from "../../store/mod.ts";
import { createApp } from "../app.ts";
import { colourPng, dataUri, testEngine, textModel } from "../testing.ts";

const here = { incoming: { socket: { remoteAddress: "127.0.0.1" } } };
const red = dataUri(await colourPng(255, 0, 0)),
  pink = dataUri(await colourPng(255, 100, 100)),
  green = dataUri(await colourPng(0, 255, 0));

// deno-lint-ignore no-explicit-any -- answers are looked at field by field
type Answer = { status: number; body: any };

async function open(engine = testEngine()) {
  const store = await openStore(":memory:");
  const app = createApp({ engine, store, settings: { logLevel: "silent", window: 0 } });
  const send = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const headers = body === undefined ? undefined : { "content-type": "application/json" };
    const request = new Request(`http://localhost/v1/collections${path}`, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const response = await app.fetch(request, here), text = await response.text();
    return {
      status: response.status,
      body: response.headers.get("content-type")?.startsWith("application/json") ? JSON.parse(text) : text,
    };
  };
  const activate = async () =>
    await app.fetch(
      new Request("http://localhost/v1/models", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: '{"source":"b"}',
      }),
      here,
    );
  return { store, send, activate, [Symbol.asyncDispose]: () => store.close() };
}

test("pictures put into a collection are found by picture, vector and id, with filters", async () => {
  await using server = await open();
  const { send } = server;
  expect((await send("PUT", "/p", {})).body).toMatchObject({
    name: "p",
    dimensions: 6,
    metric: "cosine",
    fingerprint: "print-first",
    count: 0,
  });
  const items = [
    { id: "red", picture: red, metadata: { kind: "warm" }, name: "red.png" },
    { id: "pink", picture: { image: pink }, metadata: { kind: "warm" } },
    { id: "green", picture: green, metadata: { kind: "cold" } },
  ];
  expect((await send("POST", "/p/items", { items })).body).toEqual({ added: 3, replaced: 0, errors: [] });
  const ids = async (query: object) => (await send("POST", "/p/search", query)).body.data.map(({ id }: { id: string }) => id);
  expect(await ids({ picture: red })).toEqual(["red", "pink", "green"]);
  expect(await ids({ id: "red", k: 1 })).toEqual(["pink"]);
  expect(await ids({ vector: [0, 1, 0, 2, 0, 1], k: 1 })).toEqual(["green"]);
  expect(await ids({ picture: red, filter: { kind: "cold" } })).toEqual(["green"]);
  expect((await send("GET", "/p/items?limit=2")).body).toMatchObject({ entries: [{ id: "green" }, { id: "pink" }], next: "pink" });
  expect((await send("GET", "/p/items/red")).body).toMatchObject({ id: "red", name: "red.png", metadata: { kind: "warm" } });
  expect((await send("GET", "/p/items/red/thumbnail")).status).toBe(200);
  expect([(await send("DELETE", "/p/items/red")).status, (await send("DELETE", "/p/items/red")).status]).toEqual([204, 404]);

  const lines = (await send("GET", "/p/export")).body.split("\n");
  await importLines(server.store, "copy", lines);
  expect((await send("GET", "/copy")).body.count).toBe(2);
  expect((await send("GET", "")).body.data.map(({ name }: { name: string }) => name)).toEqual(["copy", "p"]);
  expect([(await send("DELETE", "/p")).status, (await send("GET", "/p")).status]).toEqual([204, 404]);
});

test("vectors of one's own need their embedder's fingerprint, and every fault in them is a 4xx", async () => {
  await using server = await open();
  const { send } = server;
  expect((await send("PUT", "/v", { dimensions: 2, fingerprint: "mine", metric: "dot" })).status).toBe(200);
  const put = async (items: object[], more = {}) => await send("POST", "/v/items", { items, fingerprint: "mine", ...more });
  expect((await put([{ id: "a", vector: [1, 2], metadata: { year: 2001, tags: ["x"] } }])).body.added).toBe(1);
  const faults: [Promise<Answer>, number, RegExp][] = [
    [put([{ id: "b", vector: [1, 2, 3] }]), 422, /3 values, the collection has 2/],
    [put([{ id: "b", vector: [1, 1e300] }]), 422, /finite/],
    [put([{ id: "b", vector: [1, null] }]), 422, /b has null as value 1/],
    [put([{ id: "../b", vector: [1, 2] }]), 400, /id/],
    [put([{ id: "b" }]), 400, /give a picture, a text or a vector/],
    [put([{ id: "b", vector: [1, 2], metadata: { a: { b: 1 } } }]), 400, /metadata/],
    [put([{ id: "b", vector: [1, 2] }], { fingerprint: "other" }), 422, /embedder mine, not of/],
    [put([{ id: "b", picture: red }]), 422, /vectors of mine/],
    [send("POST", "/none/items", { items: [{ id: "b", vector: [1] }] }), 404, /no such collection/],
    [send("PUT", "/v", { dimensions: 3, fingerprint: "mine" }), 409, /exists with dimensions 2/],
    [send("PUT", "/v%2F..", {}), 400, /name/],
    [send("PUT", "/w", { dimensions: 3 }), 400, /belong together/],
    [send("POST", "/v/search", { k: 1 }), 400, /0 of picture, text, vector and id/],
    [send("POST", "/v/search", { vector: [1, 2], fingerprint: "mine", filter: { $near: 1 } }), 422, /filter/],
    [send("POST", "/v/search", { id: "none" }), 404, /no such item/],
    [send("GET", "/v/items/a/thumbnail"), 404, /no picture/],
  ];
  for (const [answer, status, message] of faults) {
    const { status: given, body } = await answer;
    expect(body.error.message).toMatch(message);
    expect(given).toBe(status);
  }
  expect((await send("GET", "/v")).body.count).toBe(1);
});

test("a bad picture fails the items, or is left out and listed; after a change of model the collection refuses", async () => {
  await using server = await open();
  const { send, activate } = server;
  await send("PUT", "/p", {});
  const items = [{ id: "good", picture: red }, { id: "bad", picture: "AAAA" }];
  expect((await send("POST", "/p/items", { items })).status).toBe(422);
  expect((await send("GET", "/p")).body.count).toBe(0);
  const { body } = await send("POST", "/p/items", { items, on_error: "report" });
  expect([body.added, body.errors.map(({ id, type }: { id: string; type: string }) => [id, type])]).toEqual([1, [["bad", "bad_data"]]]);
  await activate();
  const refused = await send("POST", "/p/search", { picture: red });
  expect([refused.status, refused.body.error.message]).toEqual([
    422,
    "p: it holds vectors of print-first with 6 values, activated-1 is print-activated-1; activate that model again, or use another collection",
  ]);
});

test("with a model of texts a collection takes texts, and is searched with them", async () => {
  await using server = await open(testEngine([textModel("words")]));
  const { send } = server;
  expect((await send("PUT", "/t", {})).body).toMatchObject({ dimensions: 3, fingerprint: "print-words" });
  const items = [{ id: "one", text: "a", metadata: { kind: "letter" } }, { id: "four", text: "abcd" }];
  expect((await send("POST", "/t/items", { items })).body).toEqual({ added: 2, replaced: 0, errors: [] });
  const ids = async (query: object) => (await send("POST", "/t/search", query)).body.data.map(({ id }: { id: string }) => id);
  expect([await ids({ text: "b" }), await ids({ text: "bcde" }), await ids({ text: "b", filter: { kind: "letter" } })]).toEqual([
    ["one", "four"],
    ["four", "one"],
    ["one"],
  ]);
  expect((await send("GET", "/t/items/one/thumbnail")).status).toBe(404);

  const long = { items: [{ id: "long", text: "abcdef" }, { id: "two", text: "ab" }] };
  expect(await send("POST", "/t/items", long)).toMatchObject({
    status: 422,
    body: { error: { message: expect.stringMatching(/^long: /) } },
  });
  expect((await send("POST", "/t/items", { ...long, on_error: "report" })).body).toMatchObject({ added: 1, errors: [{ id: "long" }] });
  expect((await send("POST", "/t/items", { ...long, truncate: true })).body).toMatchObject({ added: 1, replaced: 1 });
  expect((await send("POST", "/t/search", { text: "abcdef" })).status).toBe(422);
  expect((await ids({ text: "abcdef", truncate: true }))[0]).toBe("four");
});

test("a text for a model of pictures, a picture for one of texts, and both at once are refused by name", async () => {
  await using texts = await open(testEngine([textModel("words")]));
  await using pictures = await open();
  await texts.send("PUT", "/c", {});
  await pictures.send("PUT", "/c", {});
  const cases: [Promise<Answer>, RegExp][] = [
    [texts.send("POST", "/c/items", { items: [{ id: "a", picture: red }] }), /^a: words takes texts; send a text/],
    [texts.send("POST", "/c/search", { picture: red }), /^picture: words takes texts; send a text/],
    [pictures.send("POST", "/c/items", { items: [{ id: "a", picture: red }, { id: "b", text: "a" }] }), /^b: first takes pictures/],
    [pictures.send("POST", "/c/search", { text: "a" }), /^text: first takes pictures; send a picture/],
    [pictures.send("POST", "/c/search", { text: "a", picture: red }), /2 of picture, text, vector and id are given/],
    [pictures.send("POST", "/c/items", { items: [{ id: "a", picture: red, text: "a" }] }), /give a picture, a text or a vector/],
    [pictures.send("POST", "/c/items", { items: [{ id: "a" }] }), /give a picture, a text or a vector/],
  ];
  for (const [answer, message] of cases) {
    const { status, body } = await answer;
    expect([status, body.error?.message]).toEqual([400, expect.stringMatching(message)]);
  }
});
