// Prints the milliseconds that importing the module named by the first argument takes.
import process from "node:process";
import { load } from "./packages/load.ts";

const start = performance.now();
await load(process.argv[2]);
console.log(performance.now() - start);
process.exit(0);
