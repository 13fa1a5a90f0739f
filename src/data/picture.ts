/** A decoded picture. */
export interface Picture {
  width: number;
  height: number;
  /** (H, W, 3): red, green, blue, 8 bits each, rows from the top. */
  pixels: Uint8Array;
}

/** A rectangle of a picture in whole pixels, from its top left corner. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}
