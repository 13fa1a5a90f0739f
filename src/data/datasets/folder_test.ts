import { describe, expect, test } from "bun:test";
import { rmSync, symlinkSync } from "node:fs";
import { DataError } from "../../errors.ts";
import { imageFolder } from "./image_folder.ts";
import { folder } from "./folder.ts";
import { readAll, withFolder } from "./testing.ts";

const names = async (path: string) => (await readAll(await folder.open({ path }))).map(({ name }) => name.slice(path.length + 1));

describe("folder", () => {
  test("lists pictures at any depth, by content of the name, in one order everywhere", () =>
    withFolder({
      "b.JPG": "",
      "a/z/ü 图像 🦆#%25.png": "",
      "a/b.webp": "",
      "notes.txt": "",
      ".hidden.jpg": "",
      ".git/x.jpg": "",
      "B.jpg": "",
    }, async (path) => {
      expect(await names(path)).toEqual(["B.jpg", "a/b.webp", "a/z/ü 图像 🦆#%25.png", "b.JPG"]);
    }));

  test("says that a folder has no pictures or does not exist", () =>
    withFolder({ "readme.md": "x" }, async (path) => {
      await expect(folder.open({ path })).rejects.toThrow(`${path}: no pictures in this folder`);
      await expect(folder.open({ path: `${path}/gone` })).rejects.toThrow(/gone: no such file/);
    }));

  test("follows links to other folders and refuses one that leads back", () =>
    withFolder({ "data/a.jpg": "", "more/b.jpg": "" }, async (path) => {
      symlinkSync(`${path}/more`, `${path}/data/linked`);
      expect(await names(`${path}/data`)).toEqual(["a.jpg", "linked/b.jpg"]);
      symlinkSync("..", `${path}/more/loop`);
      await expect(folder.open({ path })).rejects.toThrow(/loop: links back to .*, a folder above it/);
      rmSync(`${path}/more/loop`);
      symlinkSync("circle", `${path}/data/circle`);
      symlinkSync("missing.jpg", `${path}/data/dangling.jpg`);
      const set = await folder.open({ path: `${path}/data` });
      expect(set.length).toBe(3);
      await expect(set.read(1)).rejects.toThrow(/dangling.jpg: no such file/);
    }));

  test("names a file that vanishes, and keeps the numbers of the others", () =>
    withFolder({ "a.jpg": "A", "b.jpg": "B", "c.jpg": "C" }, async (path) => {
      const set = await folder.open({ path });
      rmSync(`${path}/b.jpg`);
      await expect(set.read(1)).rejects.toThrow(DataError);
      await expect(set.read(1)).rejects.toThrow(`${path}/b.jpg: no such file`);
      const again = await folder.open({ path }, { listing: structuredClone(set.listing) });
      expect(new TextDecoder().decode((await again.read(2)).bytes)).toBe("C");
      expect(again.length).toBe(3);
    }));
});

describe("image_folder", () => {
  const files = { "train/cat/1.jpg": "", "train/cat/deep/2.jpg": "", "train/ant/3.jpg": "", "val/cat/4.jpg": "", "val/bee/5.jpg": "" };

  test("numbers the classes by their folders' names", () =>
    withFolder(files, async (path) => {
      const set = await imageFolder.open({ path: `${path}/train` });
      expect(set.classes).toEqual(["ant", "cat"]);
      expect((await readAll(set)).map(({ name, label }) => [name.slice(path.length + 7), label])).toEqual([
        ["ant/3.jpg", 0],
        ["cat/1.jpg", 1],
        ["cat/deep/2.jpg", 1],
      ]);
    }));

  test("refuses a class that is not among those given, a class without pictures, a picture without class", () =>
    withFolder({ ...files, "train/bat/note.txt": "", "val/6.jpg": "" }, async (path) => {
      await expect(imageFolder.open({ path: `${path}/train` })).rejects.toThrow(/train\/bat: is a class folder without pictures/);
      await expect(imageFolder.open({ path: `${path}/val` })).rejects.toThrow(/val\/6.jpg: lies in no class folder/);
      rmSync(`${path}/val/6.jpg`);
      await expect(imageFolder.open({ path: `${path}/val`, classes: ["ant", "cat"] })).rejects.toThrow(
        /bee.5.jpg: is of class bee, which is not among/,
      );
    }));

  const labelled = (csv: string) => ({ "p/1.jpg": "", "p/2.jpg": "", "labels.csv": csv });

  test("reads labels from a file", () =>
    withFolder(labelled('file,class,note\np/2.jpg,"ant, red",\np/1.jpg,cat,x\n'), async (path) => {
      const set = await imageFolder.open({ path, labels: "labels.csv" });
      expect([set.classes, (await set.read(0)).label, (await set.read(1)).label]).toEqual([["ant, red", "cat"], 1, 0]);
    }));

  test("refuses a label file that disagrees with the folder", async () => {
    for (
      const [csv, message] of [
        ["p/1.jpg,cat", /names no class for p\/2.jpg;/],
        ["p/1.jpg,cat\np/2.jpg,cat\np/3.jpg,ant", /has rows for p\/3.jpg, which are not there/],
        ["p/1.jpg,cat\np/2.jpg,", /has no class for p\/2.jpg/],
        ["p/1.jpg,cat\np/2.jpg,ant\np/2.jpg,cat", /says p\/2.jpg is ant and cat/],
      ] as const
    ) {
      await withFolder(labelled(csv), (path) => expect(imageFolder.open({ path, labels: "labels.csv" })).rejects.toThrow(message));
    }
    await withFolder(
      labelled(""),
      (path) => expect(imageFolder.open({ path, labels: "none.csv" })).rejects.toThrow(/none.csv: no such file/),
    );
  });
});
