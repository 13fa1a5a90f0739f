// Tar members one after the other, from 512-byte headers: ustar with prefix, GNU long names ('L'), PAX path and size ('x', 'g').
// Written here because what is wanted is the *position* of every member (random access), and a reader that refuses a cut archive or a
// wrong checksum without being asked to.
// Format: POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".
import { DataError } from "../../errors.ts";

/** What tar members are read from, in order: a file by position, or a stream. */
export interface TarInput {
  /** Bytes read or passed over so far. */
  readonly position: number;
  /** The next `length` bytes; fewer only at the end. */
  read(length: number): Promise<Uint8Array>;
  /** Passes over what lies before byte `offset`; false where the input ends earlier. */
  skipTo(offset: number): Promise<boolean>;
}

/** One member: its content starts at byte `offset` of the archive. */
export interface TarMember {
  name: string;
  size: number;
  offset: number;
  type: "file" | "folder" | "other";
}

const BLOCK = 512;

/**
 * Yields every member of an archive. The first `size` bytes that `input` gives after a member are its content; reading them is up to the
 * caller. Throws DataError on a cut archive or a bad header.
 */
export async function* tarMembers(archive: string, input: TarInput): AsyncGenerator<TarMember> {
  let next: { name?: string; size?: number } = {};
  const everyMember: { name?: string; size?: number } = {};
  while (true) {
    const start = input.position;
    const header = await input.read(BLOCK);
    // No block of zeros before the end: cut between two members, which would otherwise lose samples in silence.
    if (header.length < BLOCK) throw cut(archive, start);
    if (header.every((byte) => byte === 0)) return;
    checkSum(archive, header, start);
    const offset = start + BLOCK;

    const flag = String.fromCharCode(header[156]);
    const stated = octal(archive, header, 124, 12, start);
    if ("LKxg".includes(flag)) {
      const size = stated, padded = pad(size);
      if (size > 1 << 20) throw new DataError(`${archive}: a long-name header at ${start} claims ${size} bytes; the archive is damaged`);
      const content = await input.read(padded);
      if (content.length < padded) throw cut(archive, offset);
      const text = content.subarray(0, size);
      if (flag === "L") next.name = utf8(text).replace(/\0.*$/s, "");
      else if (flag !== "K") Object.assign(flag === "x" ? next : everyMember, pax(archive, text, offset));
    } else {
      const size = next.size ?? everyMember.size ?? stated;
      const member = {
        name: next.name ?? everyMember.name ?? ustarName(header),
        size,
        offset,
        type: flag === "0" || flag === "\0" || flag === "7" ? "file" as const : flag === "5" ? "folder" as const : "other" as const,
      };
      next = {};
      yield member;
      if (!await input.skipTo(offset + pad(size))) throw cut(archive, offset, member.name);
    }
  }
}

function checkSum(archive: string, header: Uint8Array, offset: number): void {
  let sum = 8 * 32; // the checksum field itself counts as spaces
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += header[i];
  const stated = octal(archive, header, 148, 8, offset);
  if (sum !== stated) {
    throw new DataError(
      `${archive}: the header at ${offset} has checksum ${sum} and says ${stated}; this is no tar archive or it is damaged`,
    );
  }
}

/** A number field: octal text, or base 256 with the top bit set (GNU, for sizes over 8 GiB). */
function octal(archive: string, header: Uint8Array, start: number, length: number, offset: number): number {
  if (header[start] & 0x80) {
    let value = header[start] & 0x7f;
    for (let i = start + 1; i < start + length; i++) value = value * 256 + header[i];
    return value;
  }
  const text = utf8(header.subarray(start, start + length)).replace(/\0.*$/s, "").trim();
  if (!/^[0-7]*$/.test(text)) {
    throw new DataError(`${archive}: the header at ${offset} has no octal number at byte ${start}; the archive is damaged`);
  }
  return text === "" ? 0 : parseInt(text, 8);
}

function ustarName(header: Uint8Array): string {
  const field = (start: number, length: number) => utf8(header.subarray(start, start + length)).replace(/\0.*$/s, "");
  // Only POSIX ustar has a prefix; GNU's own magic ("ustar  ") keeps times there.
  const prefix = field(257, 8) === "ustar" ? field(345, 155) : "";
  return prefix ? `${prefix}/${field(0, 100)}` : field(0, 100);
}

/** PAX records "length key=value\n"; the length counts bytes. */
function pax(archive: string, content: Uint8Array, offset: number): { name?: string; size?: number } {
  const found: { name?: string; size?: number } = {};
  for (let at = 0; at < content.length;) {
    const record = /^(\d+) ([^=]+)=/.exec(utf8(content.subarray(at, at + 64)));
    const length = record ? Number(record[1]) : 0;
    if (!record || length < record[0].length || at + length > content.length) {
      throw new DataError(`${archive}: the PAX header at ${offset} has a broken record at byte ${at}; the archive is damaged`);
    }
    const value = utf8(content.subarray(at + record[0].length, at + length - 1));
    if (record[2] === "path") found.name = value;
    if (record[2] === "size" && /^\d+$/.test(value)) found.size = Number(value);
    at += length;
  }
  return found;
}

const decoder = new TextDecoder();
const utf8 = (bytes: Uint8Array) => decoder.decode(bytes);
const pad = (size: number) => Math.ceil(size / BLOCK) * BLOCK;

function cut(archive: string, offset: number, member?: string): DataError {
  const where = member ? `inside ${member}, which starts at ${offset}` : `at or after ${offset}, without the end mark`;
  return new DataError(`${archive}: ends ${where}; the archive was cut short, fetch it again`);
}
