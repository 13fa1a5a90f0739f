import { expect, test } from "bun:test";
import { blank, enlarge, heatMap, masked, sheet, withMask } from "./panels.ts";
import { testPicture } from "./test_picture.ts";

const grid = { rows: 2, columns: 2 };

test("sheet() puts pictures row after row with a gap between them", () => {
  const red = blank(2, 2, [255, 0, 0]), green = blank(2, 2, [0, 255, 0]), blue = blank(2, 2, [0, 0, 255]);
  const { width, height, pixels } = sheet([red, green, blue], { columns: 2, gap: 1 });
  const at = (x: number, y: number) => [...pixels.subarray(3 * (y * width + x), 3 * (y * width + x) + 3)];
  expect([width, height]).toEqual([5, 5]);
  expect([at(1, 1), at(2, 0), at(3, 1), at(0, 3), at(4, 4)]).toEqual([[255, 0, 0], [255, 255, 255], [0, 255, 0], [0, 0, 255], [
    255,
    255,
    255,
  ]]);
});

test("sheet() names the picture of another size", () => {
  expect(() => sheet([blank(2, 2, [0, 0, 0]), blank(3, 2, [0, 0, 0])])).toThrow(/picture 1 is 3 x 2, the first is 2 x 2/);
});

test("enlarge() repeats pixels, and a factor of one changes nothing", () => {
  const picture = testPicture(3, 2), twice = enlarge(picture, 2);
  expect(enlarge(picture, 1)).toEqual(picture);
  expect([twice.width, twice.height]).toEqual([6, 4]);
  expect([...twice.pixels.subarray(3 * (3 * 6 + 5), 3 * (3 * 6 + 5) + 3)]).toEqual([...picture.pixels.subarray(3 * 5, 3 * 5 + 3)]);
});

test("withMask() greys the masked patches and masked() shows the other picture there", () => {
  const picture = blank(4, 4, [10, 20, 30]), other = blank(4, 4, [200, 0, 0]), mask = [0, 1, 0, 0];
  const greyed = withMask(picture, mask, grid).pixels, mixed = masked(picture, other, mask, grid).pixels;
  for (let y = 0; y < 4; y++) {
    for (let x = 0; x < 4; x++) {
      const hidden = x >= 2 && y < 2, i = 3 * (4 * y + x);
      expect(greyed[i]).toBe(hidden ? 128 : 10);
      expect(mixed[i]).toBe(hidden ? 200 : 10);
    }
  }
});

test("heatMap() is lightest at the largest value, and bears equal values", () => {
  const grey = blank(4, 4, [100, 100, 100]);
  const light = (values: number[], x: number, y: number) =>
    heatMap(grey, values, grid).pixels.subarray(3 * (4 * y + x), 3 * (4 * y + x) + 3).reduce((a, b) => a + b);
  expect(light([0, 1, 2, 3], 3, 3)).toBeGreaterThan(light([0, 1, 2, 3], 0, 0));
  expect(light([5, 5, 5, 5], 3, 3)).toBe(light([5, 5, 5, 5], 0, 0));
});

test("a mask that does not fit its grid is refused", () => {
  expect(() => withMask(blank(4, 4, [0, 0, 0]), [1, 0, 1], grid)).toThrow(/3 values do not lie as 2 x 2 cells over 4 x 4 pixels/);
});
