// Loaded by bunfig.toml before the tests: a kernel's first compilation on a software driver takes longer than Bun's usual 5 s.
import { setDefaultTimeout } from "bun:test";

setDefaultTimeout(120_000); // as tests/bun_shim.ts has in Deno
