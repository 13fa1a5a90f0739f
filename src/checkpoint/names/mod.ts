// Name maps of BEiT's published layouts, and what a model needs against what a checkpoint has.

export { fromBert, toBert } from "./bert.ts";
export { fromOfficial, layoutOf, type StoredTensors, toOfficial } from "./convert.ts";
export { expectTensors, type Wanted } from "./expect_tensors.ts";
export { fitPositions } from "./fit_positions.ts";
export { asInputs, asStored } from "./in_memory.ts";
export type { Layout } from "./table.ts";
