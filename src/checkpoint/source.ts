import { CheckpointError } from "../errors.ts";

/** Where a checkpoint may come from: bytes in memory, a path, a `file:` or `http(s):` address, a Blob (a dropped file). */
export type CheckpointSource = Uint8Array | string | URL | Blob;

/** Bytes by position. `read` returns exactly `length` bytes or throws; it may share memory with bytes that were given. */
export interface ByteSource {
  /** How messages call it. */
  readonly name: string;
  readonly size: number;
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Opens a source for reading by range; the handle of a file stays open (one version of the file is read) until `close`. */
export async function openSource(source: CheckpointSource): Promise<ByteSource> {
  if (source instanceof Uint8Array) return new MemorySource("bytes", source);
  if (source instanceof Blob) return new BlobSource(source);
  if (typeof source === "string" && !/^(https?|file):\/\//.test(source)) return await openFile(source, source);
  const url = new URL(source);
  if (url.protocol === "file:") return await openFile(url, url.pathname.split("/").pop() ?? url.href);
  const { openUrl } = await import("./url_source.ts");
  return await openUrl(url);
}

/** A source over bytes that are already in memory. */
export class MemorySource implements ByteSource {
  readonly size: number;
  constructor(readonly name: string, readonly bytes: Uint8Array) {
    this.size = bytes.length;
  }
  // deno-lint-ignore require-await -- an error must be a rejection, as in every other source
  async read(offset: number, length: number): Promise<Uint8Array> {
    checkRange(this, offset, length);
    return this.bytes.subarray(offset, offset + length);
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

class BlobSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  constructor(readonly blob: Blob) {
    this.name = blob instanceof File ? blob.name : "blob";
    this.size = blob.size;
  }
  async read(offset: number, length: number): Promise<Uint8Array> {
    checkRange(this, offset, length);
    return new Uint8Array(await this.blob.slice(offset, offset + length).arrayBuffer());
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

async function openFile(path: string | URL, name: string): Promise<ByteSource> {
  const { open } = await import("node:fs/promises"); // not at import time: browsers have no node:fs
  const handle = await open(path, "r").catch((cause) => {
    throw new CheckpointError(`${name}: cannot be opened (${cause.message}); give the path of a checkpoint file`, { cause });
  });
  const unreadable = (cause: Error) => {
    throw new CheckpointError(`${name}: cannot be read (${cause.message}); open it again`, { cause });
  };
  const stat = await handle.stat();
  if (!stat.isFile()) {
    await handle.close();
    throw new CheckpointError(`${name}: is not a file; give the path of a checkpoint file`);
  }
  const source: ByteSource = {
    name,
    size: stat.size,
    async read(offset, length) {
      checkRange(source, offset, length);
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length;) {
        const { bytesRead } = await handle.read(bytes, done, Math.min(length - done, 2 ** 30), offset + done).catch(unreadable);
        if (bytesRead === 0) {
          throw new CheckpointError(
            `${name}: ends at byte ${offset + done}, it had ${source.size} when opened; was it cut while being read?`,
          );
        }
        done += bytesRead;
      }
      return bytes;
    },
    close: () => handle.close(),
  };
  return source;
}

/** Throws unless [offset, offset + length) lies inside the source. */
export function checkRange(source: ByteSource, offset: number, length: number): void {
  if (Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0 && offset + length <= source.size) return;
  throw new CheckpointError(
    `${source.name}: bytes ${offset} to ${offset + length} are wanted, the file has ${source.size}; is it complete?`,
  );
}
