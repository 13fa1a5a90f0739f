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

test("section() gives medians, multiples of the first contestant's time, and who left out what for which reason", () => {
  const session = new Session(), [ours, other, third] = contestants, [matmul, small] = jobs;
  session.add(matmul.id, ours.name, [30, 10]);
  session.add(matmul.id, ours.name, [20]);
  session.add(matmul.id, other.name, [50]);
  session.missed(small.id, other.name, "cannot");
  for (const { id } of [matmul, small]) session.missed(id, third.name, "is not there");
  const rows = [{ what: "import", who: "ours", ms: 5 }, { what: "import", who: "theirs", reason: "absent" }];
  const lines = section([ours, other, third], [matmul, small], session, rows, "a machine").split("\n");
  expect(lines).toContain(`| ${ours.name} | 20.0 | - |`);
  expect(lines).toContain(`| ${other.name} | 50.0 (2.50) | - |`);
  expect(lines).toContain(`- cannot: ${other.name} (${small.title})`);
  expect(lines).toContain(`- is not there: ${third.name}`);
  expect(lines).toContain("| import | ours | 5.00 |");
  expect(lines).toContain("- absent: theirs (import)");
});
