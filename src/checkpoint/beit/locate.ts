// Where the files of a model lie: one file, or a folder as Hugging Face lays it out, on a disk or at an address.

import { CheckpointError } from "../../errors.ts";
import { type CheckpointSource, openSource } from "../source.ts";

/** The weights, and how to read what lies beside them (undefined where it is not there). */
export interface Located {
  weights: CheckpointSource;
  beside(name: string): Promise<string | undefined>;
}

const weightFiles = ["model.safetensors", "pytorch_model.bin"];

/** A folder's weights, or the file itself. An address is a folder when it ends with "/". Throws CheckpointError for a folder without weights. */
export async function locate(source: CheckpointSource): Promise<Located> {
  if (source instanceof Uint8Array || source instanceof Blob) return { weights: source, beside: () => Promise.resolve(undefined) };
  const url = await addressOf(source), folder = url.pathname.endsWith("/");
  const beside = (name: string) => textAt(new URL(name, url));
  if (!folder) return { weights: url, beside };
  for (const name of weightFiles) {
    const weights = new URL(name, url);
    if (await isThere(weights)) return { weights, beside };
  }
  if (await isThere(new URL(`${weightFiles[0]}.index.json`, url))) {
    throw new CheckpointError(
      `${String(source)}: its weights are in several files (${
        weightFiles[0]
      }.index.json), this reads one; save it in one, with a larger max_shard_size`,
    );
  }
  throw new CheckpointError(`${String(source)}: holds neither ${weightFiles.join(" nor ")}; give a folder with weights, or their file`);
}

/** The address of a path or an address; a folder's ends with "/". */
async function addressOf(source: string | URL): Promise<URL> {
  const given = typeof source === "string" && /^(https?|file):\/\//.test(source) ? new URL(source) : source;
  if (given instanceof URL && given.protocol !== "file:") return given;
  const { stat } = await import("node:fs/promises"); // not at import time: browsers have no node:fs
  const { pathToFileURL } = await import("node:url");
  const url = given instanceof URL ? given : pathToFileURL(given);
  const isFolder = await stat(url).then((found) => found.isDirectory(), () => false);
  if (isFolder && !url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

async function isThere(url: URL): Promise<boolean> {
  return await openIfThere(url).then(async (opened) => {
    await opened?.close();
    return opened !== undefined;
  });
}

async function textAt(url: URL): Promise<string | undefined> {
  const opened = await openIfThere(url);
  if (!opened) return undefined;
  try {
    return new TextDecoder().decode(await opened.read(0, opened.size));
  } finally {
    await opened.close();
  }
}

/** Undefined where there is no such file; any other failure (a server that does not answer) stays an error. */
async function openIfThere(url: URL) {
  if (url.protocol === "file:") {
    const { existsSync } = await import("node:fs");
    return existsSync(url) ? await openSource(url) : undefined;
  }
  return await openSource(url).catch((error) => {
    if (error instanceof CheckpointError && /status (403|404|410)\b/.test(error.message)) return undefined;
    throw error;
  });
}
