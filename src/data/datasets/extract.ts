// Unpacking .tar and .tar.gz archives of others: only plain files and folders, only below the target.
import { createReadStream } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import { pipeline } from "node:stream";
import { DataError } from "../../errors.ts";
import { type TarInput, tarMembers } from "./tar.ts";

/**
 * Unpacks `archive` (gzip or not, told by its name) below `target`. Throws DataError on a cut or damaged archive, and, before anything of
 * that member is written, on a name that leads out of `target`, a link or a device.
 */
export async function extractTar(archive: string, target: string): Promise<void> {
  const input = new StreamInput(archive);
  try {
    for await (const { name, size, type } of tarMembers(archive, input)) {
      const parts = name.split("/").filter((part) => part !== "" && part !== ".");
      if (name.startsWith("/") || parts.includes("..") || /[\\\0]|^[A-Za-z]:/.test(name)) {
        throw new DataError(`${archive}: the member ${JSON.stringify(name)} leads out of the folder; do not use this archive`);
      }
      if (type === "other") {
        throw new DataError(`${archive}: the member ${name} is a link or a device; only files and folders are unpacked`);
      }
      if (type === "folder") await mkdir([target, ...parts].join("/"), { recursive: true });
      else {
        await mkdir([target, ...parts.slice(0, -1)].join("/"), { recursive: true });
        await writeMember([target, ...parts].join("/"), input, size);
      }
    }
  } catch (error) {
    if (error instanceof DataError || (error as { code?: string }).code?.startsWith("E")) throw error;
    throw new DataError(`${archive}: cannot be unpacked (${(error as Error).message}); it was cut short or damaged, fetch it again`, {
      cause: error,
    });
  } finally {
    input.close();
  }
}

async function writeMember(path: string, input: TarInput, size: number): Promise<void> {
  const file = await open(path, "wx"); // two members of one name: the second would be written through what the first made
  try {
    for (let left = size; left > 0;) {
      const bytes = await input.read(Math.min(left, 1 << 20));
      if (bytes.length === 0) return; // cut: the walk over the members says where
      await file.writeFile(bytes);
      left -= bytes.length;
    }
  } finally {
    await file.close();
  }
}

/** A file, unzipped as it is read. */
class StreamInput implements TarInput {
  position = 0;
  readonly #stream;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(path: string) {
    const file = createReadStream(path);
    this.#stream = /\.t?gz$/.test(path) ? pipeline(file, createGunzip(), () => {}) : file;
    this.#chunks = this.#stream[Symbol.asyncIterator]();
  }

  async read(length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length && await this.#more()) {
      const take = Math.min(length - filled, this.#rest.length);
      bytes.set(this.#rest.subarray(0, take), filled);
      this.#pass(take);
      filled += take;
    }
    return bytes.subarray(0, filled);
  }

  async skipTo(offset: number): Promise<boolean> {
    while (this.position < offset && await this.#more()) this.#pass(Math.min(offset - this.position, this.#rest.length));
    return this.position >= offset;
  }

  close(): void {
    this.#stream.destroy();
  }

  async #more(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const { value, done } = await this.#chunks.next();
      if (done) return false;
      this.#rest = value;
    }
    return true;
  }

  #pass(count: number): void {
    this.#rest = this.#rest.subarray(count);
    this.position += count;
  }
}
