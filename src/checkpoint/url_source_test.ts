import { expect, test } from "bun:test";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { openSafetensors } from "./safetensors.ts";
import { safetensorsBytes } from "./safetensors_write.ts";
import { checkpointError } from "./testing.ts";

const big = Float32Array.from({ length: 40_000 }, (_, i) => i);
const bytes = await safetensorsBytes({ big: { shape: [200, 200], data: big }, small: { shape: [], data: Int32Array.of(-7) } });

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function served(answer: Answer, use: (url: URL) => Promise<void>) {
  const server = createServer(answer);
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  try {
    await use(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/x.safetensors`));
  } finally {
    await new Promise((closed) => {
      server.close(closed);
      server.closeAllConnections();
    });
  }
}

/** Answers ranges of `content` as a static file server does. */
function ranges(content: Uint8Array, etag: string, seen: string[] = []): Answer {
  return (request, response) => {
    const [, from, to] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? "") ?? [];
    seen.push(request.headers.range ?? "all");
    const changed = request.headers["if-range"] !== undefined && request.headers["if-range"] !== etag;
    if (from === undefined || changed) return void response.writeHead(200, { etag }).end(content);
    const last = Math.min(Number(to), content.length - 1);
    response.writeHead(206, { etag, "content-range": `bytes ${from}-${last}/${content.length}` });
    response.end(content.subarray(Number(from), last + 1));
  };
}

test("openSafetensors() reads an address by ranges: one request for the header, one for each tensor outside it", async () => {
  const seen: string[] = [];
  await served(ranges(bytes, '"v1"', seen), async (url) => {
    await using opened = await openSafetensors(url);
    expect(opened.tensors.get("big")?.shape).toEqual([200, 200]);
    expect(seen).toEqual(["bytes=0-65535"]);
    expect(await opened.readFloat32("big")).toEqual(big);
    expect(await opened.read("small")).toEqual(Int32Array.of(-7));
    expect(seen.length).toBe(3);
    await using again = await openSafetensors(url.href);
    expect(again.tensors.size).toBe(2);
  });
});

test("openSafetensors() fetches all of an address whose server knows no ranges, or hides the size of the whole", async () => {
  const withoutRanges: Answer = (_, response) => void response.writeHead(200).end(bytes);
  const withoutTotal: Answer = (request, response) =>
    void response.writeHead(request.headers.range ? 206 : 200).end(request.headers.range ? "part" : bytes);
  for (const answer of [withoutRanges, withoutTotal]) {
    await served(answer, async (url) => {
      await using opened = await openSafetensors(url);
      expect(await opened.readFloat32("big")).toEqual(big);
    });
  }
});

test("a file that changes on the server between two reads is refused", async () => {
  let etag = '"v1"';
  await served((request, response) => ranges(bytes, etag)(request, response), async (url) => {
    await using opened = await openSafetensors(url);
    etag = '"v2"';
    expect((await checkpointError(() => opened.read("big"))).message).toMatch(/did the file change while being read/);
  });
});

test("an address that fails is a CheckpointError with its status or cause", async () => {
  await served((_, response) => void response.writeHead(404).end(), async (url) => {
    expect((await checkpointError(() => openSafetensors(url))).message).toBe(
      `${url}: the server answered with status 404; check the address`,
    );
  });
  await served((_, response) => void response.writeHead(416).end(), async (url) => {
    expect((await checkpointError(() => openSafetensors(url))).message).toMatch(/has 0 bytes/);
  });
  await served((_, response) => void response.socket?.destroy(), async (url) => {
    expect((await checkpointError(() => openSafetensors(url))).message).toMatch(/cannot be fetched/);
  });
  await served((_, response) => {
    response.writeHead(200, { "content-length": "1000" });
    response.write("half", () => response.socket?.destroy());
  }, async (url) => {
    expect((await checkpointError(() => openSafetensors(url))).message).toMatch(/broke off|cannot be fetched/);
  });
});
