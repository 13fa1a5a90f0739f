// Named vectors as files that other programs read.
import { DataError, RecipeError } from "../errors.ts";
import type { Encoding, Format, Rows, VectorSpec } from "./format.ts";
import { jsonl } from "./jsonl.ts";
import { npy } from "./npy.ts";
import { parquet } from "./parquet.ts";
import { safetensors } from "./safetensors.ts";

export type { Rows, VectorSpec } from "./format.ts";

/** Formats by the file's extension. */
export const formats = { npy, jsonl, parquet, safetensors } satisfies Record<string, Format>;

/** The format that a path's extension names. @throws RecipeError for another one. */
export function formatOf(path: string): Format {
  const extension = path.slice(path.lastIndexOf(".") + 1).toLowerCase();
  if (!path.includes(".") || !Object.hasOwn(formats, extension)) {
    throw new RecipeError(`${path}: has no known extension; end it in ${Object.keys(formats).map((name) => `.${name}`).join(", ")}`);
  }
  return formats[extension as keyof typeof formats];
}

/**
 * A file of vectors that is being written under a temporary name beside its own.
 *
 * ```ts
 * const folder = await Deno.makeTempDir(), file = await VectorFile.create(`${folder}/vectors.npy`, { dim: 2, fingerprint: "mine" });
 * await file.write({ names: ["a.jpg", "b.jpg"], values: Float32Array.of(1, 0, 0, 1) });
 * await file.finish();
 * console.assert((await Deno.stat(`${folder}/vectors.npy`)).size === 128 + 16);
 * ```
 */
export class VectorFile {
  /** Rows written. */
  count = 0;
  #at = 0;

  private constructor(
    readonly path: string,
    private readonly spec: VectorSpec,
    private readonly encoding: Encoding,
    private readonly temporary: string,
    private readonly handle: import("node:fs/promises").FileHandle,
  ) {}

  /** Begins a file of the format that the path's extension names. @throws RecipeError for another extension, DataError where it cannot be made. */
  static async create(path: string, spec: VectorSpec): Promise<VectorFile> {
    const encoding = formatOf(path)(spec), { open } = await import("node:fs/promises");
    const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.tmp`;
    const file = new VectorFile(path, spec, encoding, temporary, await open(temporary, "wx").catch((cause) => failed(path, cause)));
    await file.#append(encoding.head());
    return file;
  }

  /** Adds rows. @throws DataError when there are not as many values as names need, or the file cannot be written. */
  async write(rows: Rows): Promise<void> {
    if (rows.values.length !== rows.names.length * this.spec.dim) {
      throw new DataError(
        `${this.path}: ${rows.values.length} values are no vectors of ${this.spec.dim} for ${rows.names.length} names; give as many`,
      );
    }
    if (!rows.names.length) return;
    await this.#append(this.encoding.rows(rows));
    this.count += rows.names.length;
  }

  /** Ends the file and gives it its name: until then, what stood there before is intact. */
  async finish(): Promise<void> {
    const { rename, writeFile } = await import("node:fs/promises");
    const { tail, head, beside } = this.encoding.end();
    try {
      if (tail) await this.#append(tail);
      if (head) await this.#write(head, 0);
      await this.handle.sync();
      await this.handle.close();
      if (beside) await writeFile(this.path + beside.extension, beside.bytes);
      await rename(this.temporary, this.path);
    } catch (error) {
      await this.discard();
      failed(this.path, error as Error);
    }
  }

  /** Gives up and removes what was written. */
  async discard(): Promise<void> {
    const { rm } = await import("node:fs/promises");
    await this.handle.close().catch(() => {}); // closed already where renaming failed
    await rm(this.temporary, { force: true });
  }

  async #append(bytes: Uint8Array): Promise<void> {
    await this.#write(bytes, this.#at);
    this.#at += bytes.length;
  }

  async #write(bytes: Uint8Array, at: number): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      done += (await this.handle.write(bytes, done, bytes.length - done, at + done).catch((cause) =>
        failed(this.path, cause)
      )).bytesWritten;
    }
  }
}

function failed(path: string, cause: Error): never {
  if (cause instanceof DataError) throw cause;
  throw new DataError(`${path}: cannot be written (${cause.message}); what stood there before is intact`, { cause });
}
