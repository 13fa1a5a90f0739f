// Fetching a picture by its address without becoming a way into the network that the server stands in: the name is resolved once, the
// address is checked, and the connection goes to that very address; every redirect is checked anew.

import { lookup as systemLookup } from "node:dns/promises";
import http from "node:http";
import https from "node:https";
import ipaddr from "npm:ipaddr.js@2.5.0";
import { DataError } from "../../errors.ts";
import { ForbiddenError, TooLargeError } from "../errors.ts";

export interface RemoteOptions {
  /** Hosts that may be asked, "*" for any public one; none: every fetch is refused. */
  hosts: readonly string[];
  maxBytes: number;
  signal?: AbortSignal;
  /** Milliseconds for one picture, all redirects included. */
  timeout?: number;
  /** Resolves a name to addresses; the system's by default. */
  lookup?: (host: string) => Promise<string[]>;
  /** Whether an address may be connected to. */
  allowed?: (address: string) => boolean;
  /** Certificates of the authorities to trust, as PEM; the runtime's by default. */
  ca?: string;
}

const MAX_REDIRECTS = 3;

/** Whether an address belongs to the public internet: neither private, loopback, link-local, reserved nor one of these inside IPv6. */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address); // IPv4 inside IPv6 is judged as IPv4
  return parsed.range() === "unicast";
}

/** @throws ForbiddenError for a host or an address that must not be asked; DataError for what does not answer with bytes; TooLargeError. */
export async function fetchPicture(address: string, name: string, options: RemoteOptions): Promise<Uint8Array<ArrayBuffer>> {
  const { timeout = 10_000, signal } = options;
  const stop = AbortSignal.any([AbortSignal.timeout(timeout), ...(signal ? [signal] : [])]);
  let url = parse(address, name);
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const target = await permitted(url, name, options);
    const answer = await get(url, target, name, options, stop);
    if (answer instanceof Uint8Array) return answer;
    url = parse(answer.location, name, url);
  }
  throw new DataError(`${name}: more than ${MAX_REDIRECTS} redirects; give the picture's own address`);
}

function parse(address: string, name: string, base?: URL): URL {
  const url = URL.canParse(address, base) ? new URL(address, base) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) throw new DataError(`${name}: ${JSON.stringify(address.slice(0, 80))} is no http address`);
  if (url.username || url.password) throw new ForbiddenError(`${name}: the address holds a user's name; leave it out`);
  return url;
}

/** The one address that the connection goes to. */
async function permitted(url: URL, name: string, { hosts, lookup = resolve, allowed = isPublic }: RemoteOptions): Promise<string> {
  // The URL parser has made 0x7f.1, 2130706433 and 127.1 the plain 127.0.0.1 already.
  const host = url.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  if (hosts.length === 0) throw new ForbiddenError(`${name}: pictures are not fetched by address here; send the picture itself`);
  if (!hosts.includes("*") && !hosts.includes(host)) {
    throw new ForbiddenError(`${name}: ${host} is not among the hosts that pictures may be fetched from; send the picture itself`);
  }
  const addresses = ipaddr.isValid(host) ? [host] : await lookup(host).catch((error) => {
    throw new DataError(`${name}: ${host} cannot be found (${error.code ?? error.message}); check the address`);
  });
  const refused = addresses.find((one) => !allowed(one));
  if (addresses.length === 0 || refused !== undefined) {
    throw new ForbiddenError(`${name}: ${host} is ${refused ?? "nowhere"}, which is not on the public internet; send the picture itself`);
  }
  return addresses[0];
}

const resolve = async (host: string) => (await systemLookup(host, { all: true })).map(({ address }) => address);

function get(
  url: URL,
  target: string,
  name: string,
  { maxBytes, ca }: RemoteOptions,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer> | { location: string }> {
  const family = target.includes(":") ? 6 : 4;
  return new Promise((done, fail) => {
    const refuse = (reason: string) => fail(new DataError(`${name}: ${url.host} ${reason}`));
    const request = (url.protocol === "https:" ? https : http).get({
      hostname: url.hostname.replace(/^\[|\]$/g, ""),
      port: url.port || undefined,
      path: url.pathname + url.search,
      // The name could resolve to another address by now: the connection takes the one that was checked.
      lookup: (_host, { all }, done) => all ? done(null, [{ address: target, family }]) : done(null, target, family),
      headers: { accept: "image/*", "user-agent": "zellige" },
      agent: false,
      ca,
      signal,
    }, (response) => {
      const { statusCode = 0, headers } = response;
      const end = (action: () => void) => (response.destroy(), action());
      if (statusCode >= 300 && statusCode < 400 && headers.location) return end(() => done({ location: headers.location! }));
      if (statusCode !== 200) return end(() => refuse(`answers with status ${statusCode}; check the address`));
      const parts: Uint8Array[] = [];
      let length = 0;
      response.on("data", (part: Uint8Array) => {
        parts.push(part);
        length += part.length;
        if (length > maxBytes) {
          end(() => fail(new TooLargeError(`${name}: more than ${maxBytes} bytes, the limit of one picture; give a smaller one`)));
        }
      });
      response.on("error", (error) => refuse(`broke off (${error.message}); try again`));
      response.on("end", () => {
        const bytes = new Uint8Array(length);
        let at = 0;
        for (const part of parts) bytes.set(part, (at += part.length) - part.length);
        done(bytes);
      });
    });
    request.on(
      "error",
      (error) => refuse(signal.aborted ? "did not answer in time" : `cannot be asked (${error.message}); check the address`),
    );
  });
}
