// Recipes in files: JSON, or a module whose default export is one.

import { existsSync, readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { DataSource } from "../../data/datasets/mod.ts";
import { RecipeError } from "../../errors.ts";

/** What a recipe file says, not yet checked. @throws RecipeError where it cannot be read. */
export async function loadRecipe(path: string): Promise<unknown> {
  if (!existsSync(path)) throw new RecipeError(`${path}: does not exist; give a recipe's file (.json, .ts or .js)`);
  try {
    if (path.endsWith(".json")) return JSON.parse(readFileSync(path, "utf8"));
    const module = await import(pathToFileURL(resolve(path)).href) as { default?: unknown };
    if (module.default === undefined) throw new Error("it has no default export");
    return module.default;
  } catch (error) {
    throw new RecipeError(
      `${path}: cannot be read as a recipe (${(error as Error).message}); give JSON, or a module with a default export`,
    );
  }
}

/** Training and held-out pictures behind a path, judged by what lies there. @throws RecipeError where nothing is recognised. */
export function dataAt(path: string): { train: DataSource; heldOut: DataSource | null } {
  if (!existsSync(path)) throw new RecipeError(`${path}: does not exist; give a folder of pictures, or of CIFAR or IDX files`);
  const has = (name: string) => existsSync(`${path}/${name}`);
  if (!statSync(path).isDirectory()) {
    if (path.endsWith(".tar")) return { train: { kind: "webdataset", path }, heldOut: null };
    if (path.endsWith(".parquet")) return { train: { kind: "parquet", path }, heldOut: null };
    throw new RecipeError(`${path}: is a file of no known kind; give a folder, a .tar or a .parquet file`);
  }
  if (has("train-images-idx3-ubyte") || has("train-images-idx3-ubyte.gz")) {
    return { train: { kind: "idx", path, split: "train" }, heldOut: { kind: "idx", path, split: "test" } };
  }
  for (const [first, classes] of [["data_batch_1.bin", 10], ["train.bin", 100]] as const) {
    if (has(first)) {
      return { train: { kind: "cifar", path, classes, split: "train" }, heldOut: { kind: "cifar", path, classes, split: "test" } };
    }
  }
  if (has("images") && has("annotations")) return labelledPixels(path, has);
  const held = ["val", "test"].find(has);
  if (has("train") && held) {
    return { train: { kind: "image_folder", path: `${path}/train` }, heldOut: { kind: "image_folder", path: `${path}/${held}` } };
  }
  return { train: { kind: "folder", path }, heldOut: null };
}

/** Pictures with label maps; how many classes there are is for the preset or the command line to say. */
function labelledPixels(path: string, has: (name: string) => boolean): ReturnType<typeof dataAt> {
  const split = (names: string[]) => names.find((name) => has(`images/${name}`) && has(`annotations/${name}`));
  const kind = "segmentation", train = split(["training", "train"]), held = split(["validation", "val", "test"]);
  if (!train || !held) return { train: { kind, path }, heldOut: null };
  return { train: { kind, path, split: train }, heldOut: { kind, path, split: held } };
}
