import { expect, test } from "bun:test";
import { contestants } from "./contestants.ts";
import { jobs } from "./jobs.ts";
import { replaced, section } from "./report.ts";
import { Session } from "./session.ts";

test("replaced() appends the section once, and then writes it again in its place", () => {
  const once = replaced("# Measured\n\nops\n", "first");
  expect(once).toMatch(/^# Measured\n\nops\n\n<!-- peers/);
  const followed = `${once}\n## Training\n`, again = replaced(followed, "second");
  expect(again).toBe(followed.replace("first", "second"));
  expect(again).toMatch(/-->\n\n## Training\n$/);
});

test("section() gives medians, the rounds' multiples of the first contestant's time, and notes for what was left out", () => {
  const session = new Session(), [ours, other, third] = contestants, [matmul, small] = jobs;
  session.add(matmul.id, other.name, [50], [10]); // a machine that slows down after this round
  session.add(matmul.id, other.name, [90, 100, 110], [20]);
  session.add(matmul.id, other.name, [110], [22]);
  session.missed(small.id, other.name, "cannot");
  for (const { id } of [matmul, small]) session.missed(id, third.name, "is not there");
  const rows = [
    { what: "import", who: "ours, Deno", ms: 5 },
    { what: "import", who: "ours, Bun", ms: 6 },
    { what: "import", who: "theirs, Bun", reason: "cannot" },
  ];
  const lines = section([ours, other, third], [matmul, small], session, rows, "a machine").split("\n");
  expect(lines).toContain(`| ${ours.name} | 20.0 | |`);
  expect(lines).toContain(`| ${other.name} | 100 (5.00) | [1] |`);
  expect(lines).toContain(`| ${third.name} | [2] | [2] |`);
  expect(lines).toContain("| whole processes, ms | import, Deno | import, Bun |");
  expect(lines).toContain("| ours | 5.00 | 6.00 |");
  expect(lines).toContain("| theirs | | [1] |");
  expect(lines).toContain("- [1] cannot");
  expect(lines).toContain("- [2] is not there");
});
