// Fetching a published archive once: resumed after a cut, checked against its published checksum, unpacked without trusting its names.
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import process from "node:process";
import { DataError } from "../../errors.ts";
import type { Opening } from "./dataset.ts";
import { extractTar } from "./extract.ts";

/** An archive as its authors publish it. */
export interface Source {
  url: string;
  /** Hex digest: 32 digits are MD5, 64 SHA-256. */
  checksum: string;
  /** Folder that the archive unpacks to. */
  folder: string;
}

export interface DownloadOptions extends Pick<Opening, "onProgress" | "signal"> {
  /** Times to go on after a cut connection. */
  retries?: number;
}

/** Where downloaded sets are kept unless told otherwise: $ZELLIGE_CACHE or ~/.cache/zellige. */
export const defaultCache = () => process.env.ZELLIGE_CACHE ?? `${homedir()}/.cache/zellige`;

/** The unpacked folder of `source`, fetched and unpacked at the first call. Throws DataError; a later call goes on where it ended. */
export async function fetchOnce(source: Source, cache = defaultCache(), options: DownloadOptions = {}): Promise<string> {
  const folder = `${cache}/${source.folder}`;
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const archive = `${cache}/${new URL(source.url).pathname.split("/").at(-1)}`;
  if (!existsSync(archive)) await download(source.url, archive, source.checksum, options);
  // Unpacked beside and renamed: the folder is whole or absent.
  const unpacking = `${folder}.unpacking`;
  await rm(unpacking, { recursive: true, force: true });
  await extractTar(archive, unpacking);
  if (!existsSync(`${unpacking}/${source.folder}`)) {
    throw new DataError(`${archive}: has no folder ${source.folder}; the archive at ${source.url} is another one than expected`);
  }
  await rename(`${unpacking}/${source.folder}`, folder);
  await rm(unpacking, { recursive: true, force: true });
  await rm(archive);
  return folder;
}

/**
 * Fetches `url` to the file `path` by way of `path`.part, from where an earlier try ended. The file appears only when its checksum is
 * right. Throws DataError where the server refuses, the connection is cut more than `retries` times, or the checksum is wrong.
 */
export async function download(
  url: string,
  path: string,
  checksum: string,
  { onProgress, signal, retries = 5 }: DownloadOptions = {},
): Promise<void> {
  const part = `${path}.part`;
  for (let attempt = 0;; attempt++) {
    try {
      await fetchRest(url, part, onProgress, signal);
      break;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof DataError) throw error;
      if (attempt >= retries) {
        const got = await sizeIfThere(part);
        throw new DataError(
          `${url}: the connection failed ${attempt + 1} times (${(error as Error).message}), ${got} bytes are kept; run again to go on`,
          { cause: error },
        );
      }
      await pause(Math.min(200 * 2 ** attempt, 10_000), signal);
    }
  }
  const found = await digest(part, checksum.length === 32 ? "md5" : "sha256");
  if (found !== checksum) {
    await rm(part);
    throw new DataError(
      `${url}: has checksum ${found}, ${checksum} is published; the download was altered or the source has changed, try again`,
    );
  }
  await rename(part, path);
}

async function fetchRest(url: string, part: string, onProgress: Opening["onProgress"], signal?: AbortSignal): Promise<void> {
  const had = await sizeIfThere(part);
  // "identity": a length in encoded bytes would not fit the bytes that arrive.
  const headers: Record<string, string> = had > 0
    ? { range: `bytes=${had}-`, "accept-encoding": "identity" }
    : { "accept-encoding": "identity" };
  const response = await fetch(url, { headers, signal });
  if (response.status === 416 && had > 0) return void await response.body?.cancel(); // nothing is left to fetch
  if (response.status >= 500 || response.status === 429) throw await refused(response, (text) => new Error(text));
  if (!response.ok) throw await refused(response, (text) => new DataError(`${url}: ${text}; check the address and the network`));

  const range = /^bytes (\d+)-\d+\/(\d+|\*)/.exec(response.headers.get("content-range") ?? "");
  const resumed = response.status === 206 && Number(range?.[1]) === had;
  const length = response.headers.get("content-length");
  const start = resumed ? had : 0; // a server without Range sends the whole again
  const total = length === null ? undefined : start + Number(length);
  const file = await open(part, resumed ? "a" : "w");
  let received = start;
  try {
    for await (const chunk of response.body ?? []) {
      await file.writeFile(chunk);
      received += chunk.length;
      onProgress?.({ received, total });
    }
  } finally {
    await file.close();
  }
  if (total !== undefined && received < total) throw new Error(`ended after ${received} of ${total} bytes`);
}

async function refused<E extends Error>(response: Response, make: (text: string) => E): Promise<E> {
  await response.body?.cancel();
  return make(`the server answers ${response.status} ${response.statusText}`.trim());
}

async function sizeIfThere(path: string): Promise<number> {
  return existsSync(path) ? (await stat(path)).size : 0;
}

async function digest(path: string, algorithm: "md5" | "sha256"): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      if (signal?.aborted) reject(signal.reason);
      else resolve();
    }
    signal?.addEventListener("abort", done);
  });
}
