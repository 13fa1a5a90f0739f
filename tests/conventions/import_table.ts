// DESIGN's import table as data: what each place may import. Imports run down the table only.

interface Row {
  /** Beginnings of paths from the root; a file belongs to the longest that fits. */
  place: string[];
  /** Beginnings of paths that the place may import beside its own files; "type " before one allows only types. */
  imports: string[];
  /** npm packages that the place may import. */
  packages?: string[];
  /** Whether `node:` modules may be imported; what a browser loads has none. */
  node?: boolean;
}

const CORE = ["src/graph", "src/errors", "src/schema", "src/philox"];

export const TABLE: Row[] = [
  { place: ["src/philox"], imports: [] },
  { place: ["src/schema"], imports: [], packages: ["zod"] },
  {
    place: ["src/graph", "src/errors", "src/kernel"],
    imports: ["src/philox", "type src/devices/cpu/kernels"],
  }, // an op's cpu version receives them
  {
    place: ["src/devices/", "src/plan", "src/program", "src/interpret"],
    imports: [...CORE, "src/kernel"],
    packages: ["webgpu"],
    node: true,
  },
  { place: ["kernels/"], imports: [...CORE, "type src/devices/cpu/kernels"] }, // an op's cpu version receives them
  { place: ["src/gradients"], imports: ["kernels/", ...CORE] }, // sums gradients with the ops' own addition
  { place: ["src/nn/"], imports: ["kernels/", ...CORE] },
  { place: ["src/optim/"], imports: ["src/nn/", "kernels/", ...CORE] },
  {
    place: ["src/models/"],
    imports: ["src/nn/", "kernels/", ...CORE],
    packages: ["zod"],
  },
  {
    place: ["src/data/"],
    imports: ["src/errors", "src/philox"],
    packages: ["@huggingface/tokenizers", "@jsquash/jpeg", "@jsquash/png", "@jsquash/webp", "hyparquet", "csv-parse"],
    node: true,
  },
  {
    place: ["src/checkpoint/"],
    imports: ["src/models/", "type src/nn/", "src/graph", "src/errors"],
    node: true,
  },
  {
    place: ["src/evaluate/"],
    imports: ["src/models/", "kernels/", ...CORE, "src/gradients", "src/program", "type src/devices/"],
    node: true,
  },
  {
    place: ["src/vectors/"],
    imports: ["src/errors"],
    packages: ["hyparquet-writer"],
    node: true,
  },
  {
    place: ["src/store/"],
    imports: ["src/models/", "src/graph", "src/errors"],
    packages: ["postgres"],
    node: true,
  },
  {
    place: ["workers/"],
    imports: [
      "src/data/",
      "src/train/",
      "src/inference/",
      "src/models/",
      "src/program",
      "src/devices/",
      "src/errors",
      "type src/server/",
    ],
    packages: ["comlink", "zod"],
    node: true,
  },
  {
    place: ["src/train/"],
    imports: [
      ...[
        "src/models/",
        "src/nn/",
        "src/optim/",
        "kernels/",
        ...CORE,
        "src/gradients",
        "src/program",
        "src/plan",
        "src/devices/",
      ],
      ...["src/checkpoint/", "src/evaluate/", "src/data/", "workers/pool", "workers/loader"],
    ],
    packages: ["zod"],
    node: true,
  },
  {
    place: ["src/inference/"],
    imports: [
      ...[
        "src/models/",
        "src/nn/",
        "kernels/",
        ...CORE,
        "src/program",
        "src/devices/",
        "src/checkpoint/",
        "src/evaluate/",
        "src/data/",
      ],
      ...["src/train/", "workers/decoders"],
    ],
    node: true,
  },
  {
    place: ["src/server/"],
    imports: [
      "src/train/",
      "src/store/",
      "src/data/",
      "src/inference/types",
      "src/inference/prepare",
      "workers/pool",
      "src/errors",
      "src/schema",
    ],
    packages: ["hono", "@hono/node-server", "@hono/zod-openapi", "zod", "ipaddr.js", "@opentelemetry/api", "uplot"],
    node: true,
  },
];

/** Places that stand above the table: they may import anything, and no place of the table may import them. */
const ABOVE = ["src/cli/", "bench/", "tests/", "serve.ts", "server.ts", "mod.ts", "src/browser.ts"];

/** Whether a file may import anything: it stands above the table, is there for tests only, or compiles AssemblyScript to the checked-in WASM. */
export function isFree(path: string): boolean {
  return /_test\.ts$|\/testing\.ts$|\/assembly\/build\.ts$/.test(path) || ABOVE.some((place) => path.startsWith(place));
}

/** The table's row for a file that is not free; an error for a file at no known place. */
export function rowOf(path: string): Row {
  const fits = TABLE.flatMap((row) =>
    row.place.filter((place) => path.startsWith(place)).map((place) => ({
      row,
      place,
    }))
  );
  if (!fits.length) {
    throw new Error(
      `${path}: at no place of the floor plan; put it where DESIGN's import table has a row`,
    );
  }
  return fits.reduce((a, b) => b.place.length > a.place.length ? b : a).row;
}
