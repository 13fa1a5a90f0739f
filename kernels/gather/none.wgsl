// Chunk: the end of a list of rows.
const NONE = 0xffffffffu;
