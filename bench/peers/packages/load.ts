// Imports a peer's package from the node_modules beside this file. It is installed by the command alone, so the type checker does not follow.

import { readFileSync } from "node:fs";

// deno-lint-ignore no-explicit-any
export const load = (name: string): Promise<any> => import(name);

/** The address of a file of an installed package. */
export const fileOf = (path: string): URL => new URL(`./node_modules/${path}`, import.meta.url);

/** The version of an installed package. */
export const version = (name: string): string => JSON.parse(readFileSync(fileOf(`${name}/package.json`), "utf8")).version;
