import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { DataError } from "../../errors.ts";
import { download, fetchOnce } from "./download.ts";
import { extractTar } from "./extract.ts";
import { openDataSet } from "./mod.ts";
import { type Member, readAll, tar, withFolder } from "./testing.ts";

const content = new Uint8Array(300_000).map((_, i) => i * i >> 3);
const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** What the server does with the next request; afterwards it serves `content` with Range. */
let mishaps: ((request: IncomingMessage, response: ServerResponse) => void)[] = [];
let served: Uint8Array = content;
let asked: (string | undefined)[] = [];
let server: Server, origin: string;

function serve(request: IncomingMessage, response: ServerResponse): void {
  asked.push(request.headers.range);
  const mishap = mishaps.shift();
  if (mishap) return mishap(request, response);
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  if (start >= served.length) return void response.writeHead(416).end();
  const headers = { "content-length": served.length - start, "content-range": `bytes ${start}-${served.length - 1}/${served.length}` };
  response.writeHead(request.headers.range ? 206 : 200, headers).end(served.subarray(start));
}

/** Sends part of the content and cuts the connection. */
const cutAfter = (count: number) => (request: IncomingMessage, response: ServerResponse) => {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const headers = { "content-length": served.length - start, "content-range": `bytes ${start}-${served.length - 1}/${served.length}` };
  response.writeHead(start ? 206 : 200, headers);
  response.write(served.subarray(start, start + count), () => setTimeout(() => response.destroy(), 30));
};

beforeAll(async () => {
  server = createServer(serve);
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** Sets the scene of one test. */
const withServer = (problems: typeof mishaps, body: (folder: string) => unknown, serving = content) => {
  [mishaps, served, asked] = [problems, serving, []];
  return withFolder({}, body);
};

describe("download()", () => {
  test("fetches a file, with MD5 or SHA-256, and tells its progress", () =>
    withServer([], async (folder) => {
      const progress: number[] = [];
      const onProgress = ({ received, total }: { received: number; total?: number }) => {
        expect(total).toBe(content.length);
        progress.push(received);
      };
      await download(`${origin}/a`, `${folder}/a`, md5(content), { onProgress });
      await download(`${origin}/a`, `${folder}/b`, sha256(content));
      expect(new Uint8Array(readFileSync(`${folder}/a`))).toEqual(content);
      expect(progress.at(-1)).toBe(content.length);
      expect(progress).toEqual(progress.toSorted((a, b) => a - b));
      expect(readdirSync(folder).sort()).toEqual(["a", "b"]);
    }));

  test("goes on from where the connection was cut", () =>
    withServer([cutAfter(100_000), cutAfter(50_000)], async (folder) => {
      await download(`${origin}/a`, `${folder}/a`, md5(content));
      expect(new Uint8Array(readFileSync(`${folder}/a`))).toEqual(content);
      expect(asked).toHaveLength(3);
      expect(asked[0]).toBeUndefined();
      expect(Number(/\d+/.exec(asked[2]!)![0])).toBeGreaterThan(Number(/\d+/.exec(asked[1]!)![0]));
    }));

  test("keeps what came when it gives up, and a later call goes on", () =>
    withServer([cutAfter(100_000)], async (folder) => {
      await expect(download(`${origin}/a`, `${folder}/a`, md5(content), { retries: 0 })).rejects.toThrow(
        /the connection failed 1 times .* bytes are kept/,
      );
      expect(existsSync(`${folder}/a`)).toBe(false);
      await download(`${origin}/a`, `${folder}/a`, md5(content));
      expect(asked[1]).toMatch(/^bytes=\d+-$/);
      expect(md5(readFileSync(`${folder}/a`))).toBe(md5(content));
    }));

  test("begins again where the server ignores Range", () => {
    const whole = (_: IncomingMessage, response: ServerResponse) =>
      void response.writeHead(200, { "content-length": content.length }).end(content);
    return withServer([cutAfter(100_000), whole], async (folder) => {
      await download(`${origin}/a`, `${folder}/a`, md5(content));
      expect(asked).toHaveLength(2);
    });
  });

  test("throws a wrong file away and says both checksums", () =>
    withServer([], async (folder) => {
      await expect(download(`${origin}/a`, `${folder}/a`, "0".repeat(32))).rejects.toThrow(
        `${origin}/a: has checksum ${md5(content)}, ${"0".repeat(32)} is published`,
      );
      expect(readdirSync(folder)).toEqual([]);
    }));

  test("tries again when the server is busy, and not when the file is not there", () => {
    const answer = (status: number) => (_: IncomingMessage, response: ServerResponse) => void response.writeHead(status).end();
    return withServer([answer(503), answer(404)], async (folder) => {
      await expect(download(`${origin}/a`, `${folder}/a`, md5(content))).rejects.toThrow(/the server answers 404/);
      expect(asked).toHaveLength(2);
    });
  });

  test("stops at a signal", () =>
    withServer([], async (folder) => {
      const stop = new AbortController();
      const attempt = download(`${origin}/a`, `${folder}/a`, md5(content), {
        onProgress: () => stop.abort(new Error("enough")),
        signal: stop.signal,
      });
      await expect(attempt).rejects.toThrow("enough");
      expect(existsSync(`${folder}/a`)).toBe(false);
    }));
});

describe("extractTar()", () => {
  const unpack = (members: Member[], body: (unpacking: Promise<void>, folder: string) => unknown) =>
    withFolder({ "x/a.tgz": gzipSync(tar(members)) }, (folder) => body(extractTar(`${folder}/x/a.tgz`, `${folder}/x/out`), folder));

  test("writes files and folders", () =>
    unpack(
      [{ name: "./d/", type: "5" }, { name: "d/e/ü.txt", content: "hello" }, { name: "empty", content: "" }],
      async (unpacking, folder) => {
        await unpacking;
        expect(readFileSync(`${folder}/x/out/d/e/ü.txt`, "utf8")).toBe("hello");
        expect(readdirSync(`${folder}/x/out`).sort()).toEqual(["d", "empty"]);
      },
    ));

  for (const name of ["../evil", "d/../../evil", "/evil", "d\\..\\evil", "C:/evil"]) {
    test(`writes nothing for a member named ${name}`, () =>
      unpack([{ name, content: "!" }], async (unpacking, folder) => {
        await expect(unpacking).rejects.toThrow(/leads out of the folder/);
        expect([existsSync(`${folder}/evil`), existsSync(`${folder}/x/evil`), existsSync(`${folder}/x/out`)]).toEqual([
          false,
          false,
          false,
        ]);
      }));
  }

  test("refuses links, a name that comes twice, and archives that are cut", async () => {
    await unpack([{ name: "link", type: "2" }], (unpacking) => expect(unpacking).rejects.toThrow(/link is a link or a device/));
    await unpack([{ name: "a" }, { name: "a" }], (unpacking) => expect(unpacking).rejects.toThrow(/EEXIST/));
    const whole = gzipSync(tar([{ name: "a", content: content }]));
    for (const bytes of [whole.subarray(0, whole.length >> 1), gzipSync(tar([{ name: "a", content }]).subarray(0, 4096))]) {
      await withFolder({ "a.tgz": bytes }, async (folder) => {
        await expect(extractTar(`${folder}/a.tgz`, `${folder}/out`)).rejects.toThrow(DataError);
        await expect(extractTar(`${folder}/a.tgz`, `${folder}/again`)).rejects.toThrow(/cut short/);
      });
    }
  });
});

describe("named sets", () => {
  const record = new Uint8Array(3073).fill(7);
  const batches = ["data_batch_1.bin", "test_batch.bin"].map((name) => ({ name: `cifar-10-batches-bin/${name}`, content: record }));
  const archive = new Uint8Array(gzipSync(tar(batches)));

  test("are downloaded and unpacked once, then opened from the cache", () =>
    withServer([cutAfter(40)], async (cache) => {
      const source = { url: `${origin}/cifar-10-binary.tar.gz`, checksum: md5(archive), folder: "cifar-10-batches-bin" };
      const set = await openDataSet({ kind: "cifar10", cache, source });
      expect((await readAll(set)).map(({ label }) => label)).toEqual([7]);
      expect(readdirSync(cache)).toEqual(["cifar-10-batches-bin"]);
      const requests = asked.length;
      await openDataSet({ kind: "cifar10", cache, source, split: "test" });
      expect(asked.length).toBe(requests);
    }, archive));

  test("of photos are opened by the folders of their classes, and tell the progress of their download", () => {
    const photos = ["train/n1/a.JPEG", "train/n2/b.JPEG", "train/n2/c.JPEG", "val/n1/d.JPEG", "val/n2/e.JPEG"];
    const content = new Uint8Array(gzipSync(tar(photos.map((name) => ({ name: `imagenette2-160/${name}`, content: name })))));
    return withServer([], async (cache) => {
      const source = { url: `${origin}/imagenette2-160.tgz`, checksum: md5(content), folder: "imagenette2-160" };
      const progress: { received: number; total?: number }[] = [];
      const train = await openDataSet({ kind: "imagenette", cache, source }, { onProgress: (one) => void progress.push({ ...one }) });
      expect((await readAll(train)).map(({ label }) => label)).toEqual([0, 1, 1]);
      expect(progress.at(-1)).toEqual({ received: content.length, total: content.length });
      expect((await openDataSet({ kind: "imagenette", cache, source, split: "test" })).length).toBe(2);
    }, content);
  });

  test("say that an archive holds something else", () =>
    withServer([], async (cache) => {
      const source = { url: `${origin}/b.tgz`, checksum: md5(archive), folder: "other" };
      await expect(fetchOnce(source, cache)).rejects.toThrow(/has no folder other/);
    }, archive));
});
