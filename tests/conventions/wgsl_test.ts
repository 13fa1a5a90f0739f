import { expect, test } from "bun:test";
import { linesOf, source, wgsl } from "./source.ts";

/** What a WGSL file does against STYLE's rules, in words. */
function faults(path: string, text: string): string[] {
  const lines = linesOf(text);
  const storage = lines.filter((line) => /var<storage\b/.test(line));
  const entries = text.match(/^\s*@compute\b/gm)?.length ?? 0;
  return [
    ...(lines.length < 150 ? [] : [`${lines.length} lines, the limit is 149`]),
    ...(entries <= 1 ? [] : [`${entries} entry points`]), // a chunk that is put in front of kernels has none
    ...(/^\/\/ \S/.test(lines[0]) ? [] : ["the first line is not a comment that says what is computed"]),
    ...(text.includes("$" + "{") ? ["a template hole"] : []),
    ...(storage.length <= 8 ? [] : [`${storage.length} storage bindings, the limit is 8`]),
    ...storage.filter((line) => !/;\s*\/\/ \(.*\)/.test(line)).map((line) => `no shape comment at: ${line.trim()}`),
  ].map((fault) => `${path}: ${fault}`);
}

test("every WGSL file is short, has at most one entry point, no template holes, and a shape at each storage binding", () => {
  expect(wgsl.flatMap((path) => faults(path, source(path)))).toEqual([]);
});

test("faults() names each fault of a WGSL file", () => {
  const good = `// y = x\n@group(0) @binding(1) var<storage, read> x: array<f32>; // (N)\n@compute @workgroup_size(64)\nfn main() {}\n`;
  expect(faults("kernels/a/forward.wgsl", good)).toEqual([]);
  expect(faults("kernels/a/forward.wgsl", good.replace(" // (N)", ""))).toHaveLength(1);
  expect(faults("kernels/a/forward.wgsl", good.replace("// y = x\n", ""))).toHaveLength(1);
  expect(faults("kernels/a/forward.wgsl", good + "@compute @workgroup_size(1)\nfn other() {}")).toEqual([
    "kernels/a/forward.wgsl: 2 entry points",
  ]);
  expect(faults("kernels/a/forward.wgsl", good + "// $" + "{n}")).toEqual(["kernels/a/forward.wgsl: a template hole"]);
  expect(faults("kernels/a/forward.wgsl", good + "\n".repeat(150))).toHaveLength(1);
  expect(faults("kernels/a/forward.wgsl", good + `${good.split("\n")[1]}\n`.repeat(8))).toHaveLength(1);
});
