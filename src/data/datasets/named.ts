// Published data sets that are fetched by name.
import { cifar } from "./cifar.ts";
import type { DataSet, Opening } from "./dataset.ts";
import { defaultCache, fetchOnce, type Source } from "./download.ts";
import { imageFolder } from "./image_folder.ts";

export interface NamedOptions {
  split?: "train" | "test";
  /** Where the set is kept; default: $ZELLIGE_CACHE or ~/.cache/zellige. */
  cache?: string;
  /** Another place or version than the published one: a mirror, a test server. */
  source?: Source;
}

// Terms: none stated; cite Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
const cifar10Source: Source = {
  url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
  checksum: "c32a1d4ab5d03f1284b67883e8d87530",
  folder: "cifar-10-batches-bin",
};

// Terms: ImageNet's, non-commercial research and education.
const imagenetteSource: Source = {
  url: "https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-160.tgz",
  checksum: "e793b78cc4c9e9a4ccc0c1155377a412",
  folder: "imagenette2-160",
};

/** The set's folder; with a listing, that is in a worker, nothing is downloaded: its files are there or are an error at the read. */
async function fetched(source: Source, cache = defaultCache(), opening: Opening): Promise<string> {
  return opening.listing ? `${cache}/${source.folder}` : await fetchOnce(source, cache, opening);
}

export const cifar10 = {
  about: "CIFAR-10, downloaded (162 MB; 60,000 pictures of 32 x 32, 10 classes)",
  async open({ split, cache, source = cifar10Source }: NamedOptions = {}, opening: Opening = {}): Promise<DataSet> {
    return cifar.open({ path: await fetched(source, cache, opening), split }, opening);
  },
};

export const imagenette = {
  about: "Imagenette, downloaded (99 MB; 13,394 photos, shorter side 160, 10 classes)",
  async open({ split = "train", cache, source = imagenetteSource }: NamedOptions = {}, opening: Opening = {}): Promise<DataSet> {
    const folder = await fetched(source, cache, opening);
    return imageFolder.open({ path: `${folder}/${split === "train" ? "train" : "val"}` }, opening);
  },
};
