import { describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { type Member, readAll, sharedData, tar, withFolder } from "./testing.ts";
import { webdataset } from "./webdataset.ts";

const long = "deep/".repeat(30) + "picture.jpg";
const pax = (text: string) => {
  const bytes = new TextEncoder().encode(text).length;
  let length = bytes;
  while (String(length).length + 1 + bytes !== length) length = String(length).length + 1 + bytes;
  return `${length} ${text}`;
};
const open = (members: Member[], body: (opened: () => ReturnType<typeof webdataset.open>) => unknown) =>
  withFolder({ "a.tar": tar(members) }, (path) => body(() => webdataset.open({ path: `${path}/a.tar` })));

describe("webdataset", () => {
  test("joins members by key and reads any of them by position", () =>
    open([
      { name: "a/", type: "5" },
      { name: "a/0.jpg", content: "first" },
      { name: "a/0.json", content: "{}" },
      { name: "a/0.cls", content: "3\n" },
      { name: "a/1.cls", content: "0" },
      { name: "a/1.seg.png", content: "a mask" },
      { name: "a/1.PNG", content: "x".repeat(70_000) },
    ], async (opened) => {
      const set = await opened(), samples = await readAll(set);
      expect(samples.map(({ name, label, bytes }) => [name.split("a.tar")[1], label, bytes!.length])).toEqual([["/a/0", 3, 5], [
        "/a/1",
        0,
        70_000,
      ]]);
      expect(new TextDecoder().decode((await set.read(0)).bytes)).toBe("first");
    }));

  test("reads GNU and PAX long names, and sizes from PAX", () =>
    open([
      { name: "././@LongLink", type: "L", content: long + "\0" },
      { name: long.slice(0, 99), content: "gnu" },
      { name: "pax", type: "x", content: pax("path=ünï/" + long + "\n") + pax("mtime=1.5\n") },
      { name: "short.jpg", content: "pax" },
      { name: "plain.jpg", content: "plain" },
    ], async (opened) => {
      const samples = await readAll(await opened());
      expect(samples.map(({ name, bytes }) => [name.split("a.tar/")[1], new TextDecoder().decode(bytes)])).toEqual([
        [long.slice(0, -4), "gnu"],
        ["ünï/" + long.slice(0, -4), "pax"],
        ["plain", "plain"],
      ]);
    }));

  test("opens shards in the order of their names, and again from a listing without reading them", () =>
    withFolder(
      { "s/1.tar": tar([{ name: "b.jpg", content: "B" }]), "s/0.tar": tar([{ name: "a.jpg", content: "A" }]), "s/x.txt": "" },
      async (path) => {
        const set = await webdataset.open({ path: `${path}/s` });
        expect((await readAll(set)).map(({ name }) => name)).toEqual([`${path}/s/0.tar/a`, `${path}/s/1.tar/b`]);
        rmSync(`${path}/s/0.tar`);
        const again = await webdataset.open({ path: `${path}/s` }, { listing: structuredClone(set.listing) });
        expect(again.length).toBe(2);
        expect((await again.read(1)).bytes).toEqual(new TextEncoder().encode("B"));
        await expect(again.read(0)).rejects.toThrow(/0.tar: no such file/);
      },
    ));

  test("refuses shards whose members do not fit together", async () => {
    const cases: [Member[], RegExp][] = [
      [[{ name: "0.jpg" }, { name: "0.cls", content: "1" }, { name: "1.jpg" }], /a.tar\/1: has a picture and no .cls label/],
      [[{ name: "0.jpg" }, { name: "0.cls", content: "1" }, { name: "1.cls", content: "1" }], /a.tar\/1: has a label and no picture/],
      [[{ name: "0.jpg" }, { name: "0.cls", content: "cat" }], /0.cls: says "cat", a class number is wanted/],
      [[{ name: "0.jpg" }, { name: "0.png" }], /a.tar\/0: has two pictures/],
      [[{ name: "readme.txt" }], /has no samples/],
    ];
    for (const [members, message] of cases) await open(members, (opened) => expect(opened()).rejects.toThrow(message));
  });

  test("refuses a shard that is cut anywhere, or whose header is damaged", async () => {
    const whole = tar([{ name: "0.jpg", content: "x".repeat(600) }, { name: "1.jpg", content: "y".repeat(100) }]);
    for (const length of [0, 300, 512, 900, 1536, 1600, 2048, 2300, 2560]) {
      await withFolder(
        { "a.tar": whole.subarray(0, length) },
        (path) => expect(webdataset.open({ path: `${path}/a.tar` }), `${length} bytes`).rejects.toThrow(/cut short/),
      );
    }
    const damaged = whole.slice();
    damaged[1536]++;
    await withFolder(
      { "a.tar": damaged },
      (path) => expect(webdataset.open({ path: `${path}/a.tar` })).rejects.toThrow(/the header at 1536 has checksum/),
    );
  });

  test("names a shard that has become shorter since it was opened", () =>
    withFolder({ "a.tar": tar([{ name: "0.jpg", content: "x".repeat(600) }]) }, async (path) => {
      const set = await webdataset.open({ path: `${path}/a.tar` });
      const listing = structuredClone(set.listing) as { lengths: Float64Array }[];
      listing[0].lengths[0] = 1e6;
      await expect((await webdataset.open({ path: `${path}/a.tar` }, { listing })).read(0)).rejects.toThrow(
        /a.tar: 1000000 bytes at 512 are wanted, the file has/,
      );
    }));

  test("reads the real shard", async () => {
    const path = sharedData("tiny-imagenet-webdataset");
    if (!path) return;
    const set = await webdataset.open({ path }), { bytes, label } = await set.read(999);
    expect([set.length, bytes![0], bytes![1], label! < 200]).toEqual([1000, 0xff, 0xd8, true]);
  });
});
