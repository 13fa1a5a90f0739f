import mozjpeg from "npm:@jsquash/jpeg@1.6.0/codec/dec/mozjpeg_dec.js";
import { Codec } from "./codec.ts";
import type { Header, Refuse } from "./header.ts";

interface Decoder {
  decode(bytes: Uint8Array, orient: boolean): { width: number; height: number; data: Uint8ClampedArray } | null;
}

/** What libjpeg says goes to printErr of the module. */
const codec = new Codec(async () => {
  const messages: string[] = [];
  const decoder: Decoder = await mozjpeg({ noInitialRun: true, printErr: (line: string) => void messages.push(line) });
  return { decoder, messages };
});

/** → (H, W, 4). Damage that libjpeg only warns of passes, as in PIL; missing data does not. */
export function decodeJpeg(bytes: Uint8Array, { width, height }: Header, refuse: Refuse): Promise<Uint8ClampedArray> {
  return codec.use(width * height, ({ decoder, messages }) => {
    messages.length = 0;
    const damaged = () => refuse(`the JPEG cannot be decoded (${messages.join(", ") || "unknown reason"}); replace the file`);
    let picture: ReturnType<Decoder["decode"]>;
    try {
      picture = decoder.decode(bytes, false);
    } catch {
      return damaged(); // emscripten's ExitStatus says nothing that messages do not
    }
    if (messages.some((line) => line.startsWith("Premature end"))) {
      refuse("the JPEG is truncated (Premature end of JPEG file); replace the file");
    }
    if (picture?.width !== width || picture.height !== height) return damaged();
    return picture.data;
  });
}
