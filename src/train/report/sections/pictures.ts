import { escape } from "../html.ts";
import { type PictureKind, pictureKinds, type ReportInputs } from "../inputs.ts";

/** Small pictures are shown larger, by whole factors so that their pixels stay squares, up to this width. */
const WIDTH = 960;

/** Pictures in the order of their kinds, those of no known kind at the end. */
export function pictures({ pictures }: ReportInputs): string {
  const kinds: (PictureKind | undefined)[] = [...Object.keys(pictureKinds) as PictureKind[], undefined];
  return kinds.map((kind) => {
    const of = pictures.filter((picture) => picture.kind === kind);
    return of.length ? `<h3 id="${kind ?? "others"}">${kind ?? "others"}</h3>${of.map(figure).join("\n")}` : "";
  }).join("");
}

function figure({ file, caption, png }: ReportInputs["pictures"][number]): string {
  const header = new DataView(png.buffer, png.byteOffset, png.byteLength), width = png.length >= 24 ? header.getUint32(16) : 0;
  const shown = width ? width * Math.max(1, Math.floor(WIDTH / width)) : WIDTH;
  return `<figure><img src="data:image/png;base64,${base64(png)}" width="${shown}" alt="${escape(caption)}">` +
    `<figcaption>${escape(caption)} <small>${escape(file)}</small></figcaption></figure>`;
}

function base64(bytes: Uint8Array): string {
  let binary = "";
  for (let i = 0; i < bytes.length; i += 0x8000) binary += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(binary);
}
