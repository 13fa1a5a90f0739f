// The damaged and odd containers beside the checkout get what their list expects.
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { DataError } from "../../errors.ts";
import { type DataSource, openDataSet } from "./mod.ts";
import { readAll, sharedData } from "./testing.ts";

function sourceOf(path: string): DataSource {
  if (path.endsWith(".tar")) return { kind: "webdataset", path };
  if (path.endsWith(".bin")) return { kind: "cifar", path };
  return { kind: "idx", path };
}

test("every damaged container is refused by name, every odd one is read", async () => {
  const folder = sharedData("corrupt");
  if (!folder) return;
  const list: { file: string; expected: string; count?: number }[] = JSON.parse(readFileSync(`${folder}/expected.json`, "utf8"));
  for (const { file, expected, count } of list) {
    if (!file.startsWith("containers/") || file.endsWith("err_one_bad_member.tar")) continue; // its second picture is bad, not the shard
    const attempt = openDataSet(sourceOf(`${folder}/${file}`)).then(readAll).catch((error) => error);
    const result = await attempt;
    if (expected === "ok") expect(result, file).toHaveLength(count!);
    else {
      expect(result, file).toBeInstanceOf(DataError);
      expect(result.message).toContain(file);
    }
  }
});

test("openDataSet() names the kinds that exist", async () => {
  await expect(openDataSet({ kind: "imagenet" } as unknown as DataSource)).rejects.toThrow(
    /no kind "imagenet"; give one of mosaics, .*folder, image_folder, segmentation/,
  );
});
