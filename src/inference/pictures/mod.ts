// The pictures of a run's report, drawn by its newest checkpoints from its held-out pictures.
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { encodePng } from "../../data/encode.ts";
import { drawMask } from "../../data/mask.ts";
import { sheet, withMask } from "../../data/panels.ts";
import type { Picture } from "../../data/picture.ts";
import type { Device } from "../../devices/device.ts";
import { CheckpointError } from "../../errors.ts";
import { openTrainingData } from "../../train/data.ts";
import { isPictureRecipe } from "../../train/modality.ts";
import type { Recipe } from "../../train/recipe.ts";
import { maskedPatches } from "../../train/recipe/rules.ts";
import { type PictureKind, readEvaluation, recordEvaluation } from "../../train/report/inputs.ts";
import type { Run } from "../../train/run.ts";
import type { Pixels } from "../types.ts";
import { loadParts } from "../load.ts";
import { Model } from "../model.ts";
import type { Parts } from "../parts.ts";
import { attentionSheet, neighbourSheet, predictionSheet } from "./encoder_pictures.ts";
import { firstOf, picturesOf, samplePixels } from "./sample.ts";
import { codeSheet, reconstructionSheet } from "./tokenizer_pictures.ts";

/** Pictures shown of each kind, those among which neighbours are looked for, and codes. */
const SHOWN = 8, BANK = 256, CODES = 64;

/**
 * Draws what the run's checkpoints allow into its pictures folder, over what was drawn before, and records token maps; gives the files'
 * names. A run on texts, of a Gaussian VAE (which draws while it is trained), or without a checkpoint yet, draws nothing.
 *
 * @throws DataError where the run's pictures are gone; CheckpointError for a damaged checkpoint.
 */
export async function drawRun(run: Run, device: Device): Promise<string[]> {
  if (!isPictureRecipe(run.recipe) || !run.checkpoints().length) return [];
  const recipe: Recipe = run.recipe, parts = await loadParts(run.path), model = new Model(device, parts, run.name), drawn: string[] = [];
  const save = async (kind: PictureKind, make: () => Promise<Picture> | Picture) => {
    drawn.push(await savePicture(run.pictureFolder, kind, await make()));
  };
  try {
    const data = await openTrainingData(recipe), { view, tokenizer } = model.description;
    const shown = await samplePixels(data, recipe, view, SHOWN);
    if (!shown.count) throw new CheckpointError(`${run.path}: none of its held-out pictures can be read; look at its data`);
    await save("inputs", () => sheet(picturesOf(shown)));
    // The same pictures as the tokenizer sees them.
    const small = tokenizer && await samplePixels(data, recipe, tokenizer.view, SHOWN);
    if (parts.tokenizer && small) {
      if (parts.tokenizer.decodes) {
        await save("reconstructions", () => reconstructionSheet(device, parts.tokenizer!, model, small));
        await save("samples", () => codeSheet(model, commonCodes(run.path, tokenizer.vocab)));
      }
      await recordTokens(run.path, model, small);
    }
    if (parts.encoder) {
      const bank = await samplePixels(data, recipe, view, BANK);
      await encoderPictures(model, parts, recipe, { bank, shown, small }, save);
    }
    return drawn;
  } finally {
    await model.destroy();
  }
}

type Save = (kind: PictureKind, make: () => Promise<Picture> | Picture) => Promise<void>;
type Given = { bank: Pixels; shown: Pixels; small?: Pixels };

async function encoderPictures(model: Model, { encoder }: Parts, recipe: Recipe, { bank, shown, small }: Given, save: Save): Promise<void> {
  const [rows, columns] = model.description.grid, { pretrain } = recipe, count = maskedPatches(recipe);
  const masks = new Uint8Array(shown.count * rows * columns);
  for (let index = 0; index < shown.count; index++) {
    const options = { kind: pretrain.mask, height: rows, width: columns, count, minBlock: Math.min(pretrain.minBlock, count) };
    masks.set(drawMask({ seed: recipe.seed, epoch: 0, index }, options).mask, index * rows * columns);
  }
  const maskOf = (b: number) => masks.subarray(b * rows * columns, (b + 1) * rows * columns);
  await save("masks", () => sheet(picturesOf(shown).map((picture, b) => withMask(picture, maskOf(b), { rows, columns }))));
  if (small && model.description.abilities.includes("reconstruct")) {
    await save("predictions", () => predictionSheet(model, shown, small, masks));
  }
  if (bank.count > 6) await save("neighbours", () => neighbourSheet(model, bank, SHOWN, 6));
  await save("attention", () => attentionSheet(model, firstOf(shown, 6), encoder!.config.depth, 4));
}

/** Token maps are numbers and not pictures: the report draws them itself. */
async function recordTokens(folder: string, model: Model, pixels: Pixels): Promise<void> {
  const { grid: [rows, columns], ids } = await model.tokens(pixels), { vocab } = model.description.tokenizer!;
  const tokenMaps = Array.from({ length: pixels.count }, (_, b) => ({
    name: `picture ${b + 1}`,
    rows,
    columns,
    vocab,
    tokens: [...ids.subarray(b * rows * columns, (b + 1) * rows * columns)],
  }));
  recordEvaluation(folder, { tokenMaps });
}

/** The commonest codes on held-out pictures where they were counted, else the first ones. */
function commonCodes(folder: string, vocab: number): number[] {
  const counts = readEvaluation(folder).codebook?.counts ?? [], codes = Array.from({ length: vocab }, (_, code) => code);
  return codes.sort((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0) || a - b).slice(0, CODES);
}

async function savePicture(folder: string, kind: PictureKind, picture: Picture): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const file = `${kind}.png`, path = `${folder}/${file}`;
  writeFileSync(`${path}.tmp`, await encodePng(picture));
  renameSync(`${path}.tmp`, path);
  return file;
}
