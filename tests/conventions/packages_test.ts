import { expect, test } from "bun:test";
import deno from "../../deno.json" with { type: "json" };
import manifest from "../../package.json" with { type: "json" };
import testManifest from "../package.json" with { type: "json" };
import tsconfig from "../../tsconfig.json" with { type: "json" };
import { isFree } from "./import_table.ts";
import { files, source, typescript } from "./source.ts";

/** name → version of deno.json's imports, of package.json, and of what only tests need. */
const inDeno = Object.fromEntries(
  Object.values(deno.imports).map((specifier) => /^npm:(@?[^@]+)@(.+)$/.exec(specifier)).filter((found) => found !== null).map((found) =>
    found.slice(1, 3)
  ),
) as Record<string, string>;
const inProgram: Record<string, string> = manifest.dependencies;
const inManifest: Record<string, string> = {
  ...inProgram,
  ...testManifest.dependencies,
};
const paths: Record<string, string[]> = tsconfig.compilerOptions.paths;

/** Every `npm:name@version/path` of a text. */
const specifiersOf = (text: string) =>
  [...text.matchAll(
    /["'](npm:(@[\w.-]+\/[\w.-]+|[\w.-]+)@(\d[\w.-]*)(\/[^"']*)?)["']/g,
  )].map(([, whole, name, version, path]) => ({
    whole,
    name,
    version,
    path,
  }));

test("deno.json and package.json list the same packages at the same exact versions", () => {
  expect(inDeno).toEqual(inProgram);
  for (const [name, version] of Object.entries(inManifest)) {
    expect(version, name).toMatch(/^\d+\.\d+\.\d+[\w.-]*$/);
  }
});

test("every npm specifier in the code is of the listed version", () => {
  const wrong = typescript.flatMap((path) =>
    specifiersOf(source(path)).filter(({ name, version }) => inManifest[name] !== version).map(({ whole }) => `${path}: ${whole}`)
  );
  expect(wrong.filter((line) => !line.startsWith("tests/conventions/")))
    .toEqual([]); // these hold specifiers as examples
});

/** Used where the user has installed it, and never imported by a literal name. */
const optional = ["usearch"];

test("the program itself needs no package that is there for tests", () => {
  const wrong = typescript.filter((path) => !isFree(path)).flatMap((path) =>
    specifiersOf(source(path)).filter(({ name }) => !inProgram[name] && !optional.includes(name)).map(({ whole }) => `${path}: ${whole}`)
  );
  expect(wrong).toEqual([]);
});

test("every npm specifier that Bun meets has its entry in tsconfig.json's paths", () => {
  const product = typescript.filter((path) => /^(src|kernels|workers)\/|^(mod|serve)\.ts$/.test(path));
  const missing = product.flatMap((file) =>
    specifiersOf(source(file))
      .filter(({ whole, name, version, path }) => !paths[whole] && !(path && paths[`npm:${name}@${version}/*`]))
      .map(({ whole }) => `${file}: ${whole}`)
  );
  expect(missing).toEqual([]);
});

test("every entry of tsconfig.json's paths is of a listed package and version", () => {
  for (const key of Object.keys(paths)) {
    const [specifier] = specifiersOf(`"${key}"`);
    expect(inManifest[specifier?.name], key).toBe(specifier?.version);
  }
});

test("Bun loads the program's packages as ES modules where they have some, like Deno", () => {
  // Behind a path to a folder Bun takes the package's "main", which is often a CommonJS bundle: slower to load, and another instance.
  for (
    const [key, [folder]] of Object.entries(paths).filter(([, [path]]) => /^\.\/node_modules\/(@[\w-]+\/)?[\w.-]+$/.test(path))
  ) {
    const { main, module = main } = JSON.parse(
      source(`${folder.slice(2)}/package.json`),
    );
    expect(main, key).toBe(module);
  }
});

test("specifiersOf() reads scoped names, versions and sub-paths", () => {
  expect(
    specifiersOf(
      `import x from "npm:@a/b@1.2.3/deep/x.js"; import y from 'npm:c@4.5.6-rc.1';`,
    ),
  ).toMatchObject([
    { name: "@a/b", version: "1.2.3", path: "/deep/x.js" },
    { name: "c", version: "4.5.6-rc.1", path: undefined },
  ]);
});

test("the versions of Deno and Bun in scripts and pages are package.json's", () => {
  const pages = files.filter((path) => path.endsWith(".md") || path.startsWith(".ci/"));
  for (const path of pages) {
    for (
      const [whole, runtime, version] of source(path).matchAll(
        /\b(deno|bun)@(\d+\.\d+\.\d+)/g,
      )
    ) {
      expect(version, `${path}: ${whole}`).toBe(
        manifest.engines[runtime as "deno" | "bun"],
      );
    }
  }
});

test("the lock files name no registry but npm's own", () => {
  for (
    const path of ["deno.lock", "bun.lock", "tests/deno.lock", "tests/bun.lock"]
  ) {
    const foreign = [...source(path).matchAll(/https?:\/\/[^/"\s]+/g)].map((
      [host],
    ) => host).filter((host) => host !== "https://registry.npmjs.org");
    expect(foreign, path).toEqual([]);
  }
});

test("the lock files hold every listed package", () => {
  for (
    const [folder, packages] of [["", inProgram], [
      "tests/",
      testManifest.dependencies,
    ]] as const
  ) {
    for (const [name, version] of Object.entries(packages)) {
      expect(source(`${folder}bun.lock`)).toContain(`["${name}@${version}"`);
      if (!optional.includes(name)) {
        expect(source(`${folder}deno.lock`)).toContain(
          `"npm:${name}@${version}`,
        );
      }
    }
  }
});

test("deno.lock names no package that is there for tests: Deno would install it before a user's first command", () => {
  // `expect` comes in by the import map, whose "bun:test" is the shim that wraps it.
  const own = Object.keys(testManifest.dependencies).filter((name) => name !== "expect");
  for (const name of own) {
    expect(source("deno.lock")).not.toContain(`"npm:${name}@`);
  }
});
