import { expect, test } from "bun:test";
import * as fs from "node:fs/promises";
import { join } from "node:path";
import { atomicWrite, type FileSystem } from "./atomic_write.ts";
import { checkpointError, inTemporaryFolder, readBytes } from "./testing.ts";

const old = Uint8Array.of(1, 2, 3);
const chunks = [Uint8Array.of(4, 5), new Uint8Array(), Uint8Array.of(6, 7, 8, 9)];

/** The real file system, with some methods of its file handles replaced. */
function broken(
  methods: Record<string, (handle: fs.FileHandle, ...args: never[]) => unknown>,
  others: Partial<FileSystem> = {},
): FileSystem {
  const open = async (...args: Parameters<typeof fs.open>) => {
    const handle = await fs.open(...args);
    return new Proxy(handle, {
      get(target, key) {
        const replaced = methods[String(key)];
        if (replaced) return (...args: never[]) => replaced(target, ...args);
        const value = Reflect.get(target, key);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  };
  return { open, rename: fs.rename, rm: fs.rm, ...others };
}

test("atomicWrite() replaces a file by its chunks and leaves nothing else behind", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, "x.safetensors");
    await fs.writeFile(path, old);
    await atomicWrite(path, chunks);
    expect(readBytes(path)).toEqual(Uint8Array.of(4, 5, 6, 7, 8, 9));
    expect(await fs.readdir(folder)).toEqual(["x.safetensors"]);
  });
});

test("atomicWrite() goes on after a write that took only a part", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, "x");
    const short = broken({ write: (handle, chunk, at: number) => handle.write(chunk, at, 1) });
    await atomicWrite(path, chunks, short);
    expect(readBytes(path)).toEqual(Uint8Array.of(4, 5, 6, 7, 8, 9));
  });
});

const full = () => Promise.reject(new Error("ENOSPC: no space left on device, write"));
let writes = 0;
const faults: [string, FileSystem][] = [
  [
    "the disk fills up while writing",
    broken({ write: (handle, ...args) => ++writes > 1 ? full() : handle.write(...args as unknown as [Uint8Array]) }),
  ],
  ["closing fails", broken({ close: (handle) => handle.close().then(full) })],
  ["fsync fails", broken({ sync: full })],
  ["the rename fails", broken({}, { rename: full })],
];
for (const [what, system] of faults) {
  test(`atomicWrite() leaves the old file intact when ${what}`, async () => {
    await inTemporaryFolder(async (folder) => {
      const path = join(folder, "x");
      await fs.writeFile(path, old);
      const error = await checkpointError(() => atomicWrite(path, chunks, system));
      expect(error.message).toBe(`${path}: cannot be written (ENOSPC: no space left on device, write); what stood there before is intact`);
      expect(readBytes(path)).toEqual(old);
      expect(await fs.readdir(folder)).toEqual(["x"]);
    });
  });
}

test("atomicWrite() leaves the old file intact when a chunk cannot be made, and passes that error on", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, "x");
    await fs.writeFile(path, old);
    async function* failing() {
      yield await Promise.resolve(chunks[0]);
      throw new RangeError("the device is gone");
    }
    await expect(atomicWrite(path, failing())).rejects.toThrow(RangeError);
    expect(readBytes(path)).toEqual(old);
    expect(await fs.readdir(folder)).toEqual(["x"]);
  });
});

test("atomicWrite() names a folder that is not there", async () => {
  expect((await checkpointError(() => atomicWrite("no/such/folder/x", chunks))).message).toMatch(
    /^no\/such\/folder\/x: cannot be written \(ENOENT/,
  );
});
