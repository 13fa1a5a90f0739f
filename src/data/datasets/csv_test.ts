import { expect, test } from "bun:test";
import { parseCsv } from "./csv.ts";

test("parseCsv() reads quotes, empty cells, CRLF and a missing last newline", () => {
  expect(parseCsv('file,name\r\na.jpg,"great, white ""shark"""\r\n\r\nb.jpg,\nc.jpg,"two\nlines"')).toEqual([
    ["file", "name"],
    ["a.jpg", 'great, white "shark"'],
    ["b.jpg", ""],
    ["c.jpg", "two\nlines"],
  ]);
});
