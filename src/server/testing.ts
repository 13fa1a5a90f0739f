// A hand-made engine: its "model" is arithmetic on pixels, so that tests know every answer.

import type { AnyModelDescription, Engine, ModelDescription, Pixels, RunDescription, RunEvent, TextModelDescription } from "./engine.ts";

export const SIZE = 8;
const T = 4, DIMENSIONS = 6;

export const model = (id: string): ModelDescription => ({
  modality: "pictures",
  id,
  source: `${id}.safetensors`,
  fingerprint: `print-${id}`,
  device: "paper and pencil",
  loaded: 1_700_000_000_000,
  abilities: ["embed", "dense", "tokens", "decode", "reconstruct", "classify", "attention"],
  view: { size: SIZE, filter: "bicubic", share: 1 },
  tokenizer: { view: { size: SIZE, filter: "lanczos", share: 1 }, vocab: 16, grid: [2, 2], fingerprint: "print-tokenizer" },
  blocks: 3,
  grid: [2, 2],
  embedding: { block: 2, pool: "mean", whitened: true, dimensions: [2, DIMENSIONS] },
  heads: 2,
  classes: ["cat", "dog", "owl"],
});

/** Takes texts of at most 4 letters. */
export const textModel = (id: string): TextModelDescription => ({
  modality: "texts",
  id,
  source: id,
  fingerprint: `print-${id}`,
  device: "paper and pencil",
  loaded: 1_700_000_000_000,
  abilities: ["embed", "classify"],
  blocks: 3,
  embedding: { block: 3, pool: "mean", whitened: false, dimensions: [3] },
  vocab: 26,
  positions: 4,
  classes: ["short", "long"],
});

/** Letters of each text, cut where that is wished; and the texts that have too many. */
function letters(texts: string[], truncate = false) {
  const tokens = texts.map(({ length }) => length <= 4 ? length : truncate ? 4 : 0);
  const faults = tokens.flatMap((count, index) => count ? [] : [{ index, fault: `has ${texts[index].length} letters, 1 to 4 are taken` }]);
  return { ms: 2, tokens, faults };
}

/** Means of red, green and blue of each picture, 0 to 1. */
function colours({ count, data }: Pixels): number[][] {
  const each = data.length / count;
  return Array.from({ length: count }, (_, i) => {
    const mean = (c: number) =>
      data.subarray(i * each, (i + 1) * each).filter((_, at) => at % 3 === c).reduce((a, b) => a + b, 0) / each * 3 / 255;
    return [mean(0), mean(1), mean(2)];
  });
}

export interface TestEngine extends Engine {
  /** Names of calls with their number of pictures, in order. */
  readonly calls: string[];
  /** Called before every pass over pictures; may wait or throw. */
  before: (name: string, pixels: Pixels) => unknown;
  readonly recorded: RunEvent[];
  readonly started: Map<string, RunDescription>;
}

/** Vectors are (red, green, blue, block, 0, 1); a picture of pure blue gives NaN. Of texts they are (letters, block, 1). */
export function testEngine(loaded: AnyModelDescription[] = [model("first")]): TestEngine {
  let activations = 0;
  const pass = async (name: string, id: string, pixels: Pixels) => {
    engine.calls.push(`${name} ${pixels.count} ${id}`);
    if (!loaded.some((one) => one.id === id)) throw new Error(`${id} was released`);
    await engine.before(name, pixels);
  };
  const engine: TestEngine = {
    calls: [],
    before: () => {},
    recorded: [],
    started: new Map(),
    models: () => Promise.resolve([...loaded]),
    activate(source) {
      const description = model(`activated-${++activations}`);
      loaded.push({ ...description, source });
      return Promise.resolve({ ...description, source });
    },
    release(id) {
      engine.calls.push(`release ${id}`);
      loaded.splice(loaded.findIndex((one) => one.id === id), 1);
      return Promise.resolve();
    },
    check: async () => (await engine.before("check", { count: 0, size: SIZE, data: new Uint8Array() }), { ms: 1 }),
    async embed(id, pixels, { block = 2 }) {
      await pass("embed", id, pixels);
      const rows = colours(pixels).map(([r, g, b]) =>
        r === 0 && g === 0 && b === 1 ? new Array(DIMENSIONS).fill(NaN) : [r, g, b, block, 0, 1]
      );
      return { ms: 2, dimensions: DIMENSIONS, data: Float32Array.from(rows.flat()) };
    },
    async dense(id, pixels) {
      await pass("dense", id, pixels);
      const data = Float32Array.from(colours(pixels).flatMap(([r]) => Array.from({ length: T }, (_, t) => [r, t]).flat()));
      return { ms: 2, dimensions: 2, grid: [2, 2], data };
    },
    async tokens(id, pixels) {
      await pass("tokens", id, pixels);
      return {
        ms: 2,
        grid: [2, 2],
        ids: Uint32Array.from(colours(pixels).flatMap(([r, g]) => [0, 1, Math.round(r * 15), Math.round(g * 15)])),
      };
    },
    decode: (_, ids) => Promise.resolve({ ms: 2, width: 2, height: 2, data: Uint8Array.from([...ids].flatMap((one) => [one, one, one])) }),
    async reconstruct(id, pixels) {
      await pass("reconstruct", id, pixels);
      return { ms: 2, width: SIZE, height: SIZE, input: pixels.data, predicted: pixels.data.map((value) => 255 - value) };
    },
    async classify(id, pixels) {
      await pass("classify", id, pixels);
      const rows = colours(pixels).map((rgb) => rgb.map((value) => value / (rgb[0] + rgb[1] + rgb[2])));
      return { ms: 2, classes: ["cat", "dog", "owl"], probabilities: Float32Array.from(rows.flat()) };
    },
    async attention(id, pixels) {
      await pass("attention", id, pixels);
      return { ms: 2, heads: 2, grid: [2, 2], weights: new Float32Array(pixels.count * 2 * T).map((_, i) => i % T) };
    },
    embedTexts(id, texts, { block = 3, truncate }) {
      engine.calls.push(`embedTexts ${texts.length} ${id}`);
      const told = letters(texts, truncate);
      return Promise.resolve({ ...told, dimensions: 3, data: Float32Array.from(told.tokens.flatMap((count) => [count || NaN, block, 1])) });
    },
    classifyTexts(_, texts, { truncate }) {
      const told = letters(texts, truncate), rows = told.tokens.map((count) => [1 - count / 4, count / 4]);
      return Promise.resolve({ ...told, classes: ["short", "long"], probabilities: Float32Array.from(rows.flat()) });
    },
    startRun(recipe) {
      const id = `run-${engine.started.size + 1}`;
      engine.started.set(id, { id, state: "running", step: 0, steps: 10, created: 1_700_000_000_000 + engine.started.size, recipe });
      return Promise.resolve(engine.started.get(id)!);
    },
    runs: () => Promise.resolve([...engine.started.values()]),
    run: (id) => Promise.resolve(engine.started.get(id)),
    controlRun(id, action) {
      const run = engine.started.get(id)!;
      run.state = action === "pause" ? "pausing" : action === "stop" ? "stopping" : "running";
      return Promise.resolve(run);
    },
    metrics: (_, after, limit) =>
      Promise.resolve([0, 5, 10].filter((step) => step > after).slice(0, limit).map((step) => ({ step, loss: 1 / (step + 1) }))),
    events: (_, after) => Promise.resolve(engine.recorded.filter(({ id }) => id > after)),
    findings: () => Promise.resolve([{ what: "loss", verdict: "normal", says: "The loss is a loss." }]),
    checkpoints: () => Promise.resolve([{ name: "step-5", bytes: 12, step: 5 }]),
    pictures: () => Promise.resolve([{ name: "masks-5.png", bytes: 4, step: 5 }]),
    picture: (_, name) => Promise.resolve(name === "masks-5.png" ? Uint8Array.of(1, 2, 3, 4) : undefined),
    recipeSchema: () => Promise.resolve({ type: "object" }),
  };
  return engine;
}

/** `base64` of a picture in one colour, and its bytes. */
export async function colourPng(red: number, green: number, blue: number): Promise<Uint8Array<ArrayBuffer>> {
  const { encodePng } = await import("../data/encode.ts");
  const { blank } = await import("../data/panels.ts");
  return await encodePng(blank(SIZE, SIZE, [red, green, blue]));
}

export const dataUri = (bytes: Uint8Array) => `data:image/png;base64,${bytes.toBase64()}`;
