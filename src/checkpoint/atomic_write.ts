import { CheckpointError } from "../errors.ts";

/** The file system calls used here; a test passes its own to make them fail. */
export type FileSystem = Pick<typeof import("node:fs/promises"), "open" | "rename" | "rm">;

/**
 * Writes a file whole or not at all: the chunks go to a temporary name beside it (`<path>.<random>.tmp`), are fsynced, then renamed.
 *
 * When anything fails (a full disk, a chunk that throws) the temporary file is removed, the old file is as it was, and the error is a
 * CheckpointError for the file system's faults, or whatever `chunks` threw. A crash may leave the temporary file behind, never half of `path`.
 */
export async function atomicWrite(path: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, fs?: FileSystem): Promise<void> {
  const { open, rename, rm } = fs ?? await import("node:fs/promises"); // not at import time: browsers have no node:fs
  const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  const failed = (cause: Error) => {
    throw new CheckpointError(`${path}: cannot be written (${cause.message}); what stood there before is intact`, { cause });
  };
  const handle = await open(temporary, "wx").catch(failed);
  try {
    try {
      for await (const chunk of chunks) {
        for (let done = 0; done < chunk.length;) {
          done += (await handle.write(chunk, done, Math.min(chunk.length - done, 2 ** 30)).catch(failed)).bytesWritten;
        }
      }
      await handle.sync().catch(failed);
    } finally {
      await handle.close().catch(failed); // some file systems notice a full disk only here
    }
    await rename(temporary, path).catch(failed);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {}); // the first error is the one to report
    throw error;
  }
  await syncFolder(path, open);
}

/** Makes the rename itself durable. Where a folder cannot be opened (Windows) the system orders it on its own. */
async function syncFolder(path: string, open: FileSystem["open"]): Promise<void> {
  const { dirname } = await import("node:path");
  const folder = await open(dirname(path), "r").catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}
