import { CheckpointError } from "../errors.ts";
import { type ByteSource, checkRange, MemorySource } from "./source.ts";

const headBytes = 65536; // one request usually brings a whole safetensors header

/** Opens an address by range requests; where the server (or a browser's CORS rule) does not support them, all of it is fetched once. */
export async function openUrl(url: URL): Promise<ByteSource> {
  const name = url.protocol === "data:" ? "data URL" : url.href;
  const first = await request(url, name, { range: `bytes=0-${headBytes - 1}` });
  if (first.status === 416) return new MemorySource(name, new Uint8Array()); // a range of an empty file
  const total = first.status === 206 ? totalOf(first) : undefined;
  if (total === undefined) {
    const whole = first.status === 206 ? await request(url, name, {}) : first;
    return new MemorySource(name, await body(whole, name));
  }
  const head = await body(first, name);
  const tag = first.headers.get("etag");
  const version: Record<string, string> = tag && !tag.startsWith("W/") ? { "if-range": tag } : {};
  const source: ByteSource = {
    name,
    size: total,
    async read(offset, length) {
      checkRange(source, offset, length);
      if (offset + length <= head.length) return head.subarray(offset, offset + length);
      const response = await request(url, name, { range: `bytes=${offset}-${offset + length - 1}`, ...version });
      if (response.status !== 206 || (totalOf(response) ?? total) !== total) {
        await response.body?.cancel();
        throw new CheckpointError(
          `${name}: the server answered a range with status ${response.status}; did the file change while being read? open it again`,
        );
      }
      const bytes = await body(response, name);
      if (bytes.length !== length) {
        throw new CheckpointError(`${name}: the server sent ${bytes.length} bytes for a range of ${length}; try again`);
      }
      return bytes;
    },
    close: () => Promise.resolve(),
  };
  return source;
}

async function request(url: URL, name: string, headers: Record<string, string>): Promise<Response> {
  let response;
  try {
    response = await fetch(url, { headers: { ...headers, "accept-encoding": "identity" } });
  } catch (cause) {
    throw new CheckpointError(`${name}: cannot be fetched (${(cause as Error).message}); check the address and the network`, { cause });
  }
  if (response.ok || (response.status === 416 && headers.range)) return response;
  await response.body?.cancel();
  throw new CheckpointError(`${name}: the server answered with status ${response.status}; check the address`);
}

async function body(response: Response, name: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw new CheckpointError(`${name}: the transfer broke off (${(cause as Error).message}); try again`, { cause });
  }
}

/** The whole file's size out of `Content-Range: bytes 0-65535/123456`. */
function totalOf(response: Response): number | undefined {
  const total = /^bytes \d+-\d+\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1];
  return total === undefined ? undefined : Number(total);
}
