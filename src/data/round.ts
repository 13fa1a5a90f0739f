/** The nearest whole number, halves to the even one, as Python's round(): published boxes and offsets are rounded so. */
export function roundHalfEven(x: number): number {
  const rounded = Math.round(x);
  return Math.abs(x % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
