import { expect, test } from "bun:test";
import { MemorySource } from "../source.ts";
import { checkpointError, expectDamageIsRefused } from "../testing.ts";
import { zip } from "./testing.ts";
import { dataPosition, readZipDirectory } from "./zip.ts";

const hello = new TextEncoder().encode("hello"), nothing = new Uint8Array();

/** Every entry's bytes by name. */
async function readZip(bytes: Uint8Array): Promise<Record<string, string>> {
  const source = new MemorySource("x.zip", bytes), read: Record<string, string> = {};
  for (const entry of (await readZipDirectory(source)).values()) {
    read[entry.name] = new TextDecoder().decode(await source.read(await dataPosition(source, entry), entry.size));
  }
  return read;
}

const forms: [string, Uint8Array][] = [
  ["plain sizes", zip([["a", hello], ["b/é", nothing]])],
  ["data descriptors", zip([["a", { bytes: hello, descriptor: true }], ["b/é", { bytes: nothing, descriptor: true }]])],
  ["zip64 sizes", zip([["a", { bytes: hello, zip64: true }], ["b/é", { bytes: nothing, zip64: true }]])],
  ["a zip64 end record", zip([["a", hello], ["b/é", nothing]], { zip64: true })],
  ["a comment that looks like an end", zip([["a", hello], ["b/é", nothing]], { comment: "PK\x05\x06".padEnd(30, "\0") })],
];
for (const [what, bytes] of forms) {
  test(`readZipDirectory() reads an archive with ${what}`, async () => {
    expect(await readZip(bytes)).toEqual({ a: "hello", "b/é": "" });
  });
}

const refused: [string, Uint8Array, RegExp][] = [
  ["nothing", nothing, /^x.zip: as a zip archive, it ends without a directory/],
  ["an end cut off", zip([["a", hello]]).slice(0, -1), /ends without a directory/],
  ["a start cut off", zip([["a", hello]]).slice(10), /its directory lies at bytes|entry 0 of its directory is damaged/],
  ["compression", zip([["a", { bytes: hello, method: 8 }]]), /entry a is compressed \(method 8\)/],
  ["encryption", zip([["a", { bytes: hello, flags: 1 }]]), /entry a is encrypted/],
  ["one name twice", zip([["a", hello], ["a", hello]]), /entry a stands twice/],
];
for (const [what, bytes, reason] of refused) {
  test(`readZipDirectory() refuses ${what}`, async () => {
    expect((await checkpointError(() => readZip(bytes))).message).toMatch(reason);
  });
}

test("a damaged archive is refused or read, never anything else", async () => {
  for (const [, bytes] of forms.slice(1, 4)) {
    await expectDamageIsRefused(new Uint8Array(bytes), 1000, async (damaged) => void await readZip(damaged));
  }
});
