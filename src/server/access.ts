// Who may read and who may control: bearer tokens, compared in constant time; without a token for control, only callers on this machine.

import { createHash, timingSafeEqual } from "node:crypto";
import ipaddr from "npm:ipaddr.js@2.5.0";
import { AuthError, ForbiddenError } from "./errors.ts";

export interface Tokens {
  readToken?: string;
  controlToken?: string;
}

/** The facts of a request that access depends on. */
export interface Caller {
  headers: Headers;
  /** Of the connection; undefined where there is none to ask, which counts as far away. */
  address?: string;
}

/** @throws AuthError, ForbiddenError */
export function checkAccess(caller: Caller, control: boolean, { readToken, controlToken }: Tokens): void {
  const given = /^Bearer +(\S+)\s*$/i.exec(caller.headers.get("authorization") ?? "")?.[1];
  const may = given !== undefined && isEqual(given, controlToken);
  if (control) {
    if (may || controlToken === undefined && isHere(caller)) return;
    if (controlToken === undefined) {
      throw new ForbiddenError(
        "control: no token is set, so only this machine may, and not through a proxy or another site's page; set controlToken",
      );
    }
    throw given !== undefined && isEqual(given, readToken)
      ? new ForbiddenError("control: this token is for reading; use the one for control")
      : new AuthError("control: a bearer token is wanted; send Authorization: Bearer TOKEN");
  }
  if (readToken === undefined || may || given !== undefined && isEqual(given, readToken)) return;
  throw new AuthError(
    `access: ${given === undefined ? "a bearer token is wanted" : "the token is wrong"}; send Authorization: Bearer TOKEN`,
  );
}

/** Hashes make the lengths equal, so that the time tells nothing of the token. */
function isEqual(given: string, token: string | undefined): boolean {
  const hash = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(given), hash(token ?? "")) && token !== undefined;
}

/** Not behind a proxy on this machine, and not a page of another site in this machine's browser, also where its name resolves to here. */
function isHere({ headers, address }: Caller): boolean {
  if (address === undefined || !isLoopback(address)) return false;
  if (headers.has("x-forwarded-for") || headers.has("forwarded") || headers.has("x-real-ip")) return false;
  const host = headers.get("host"), origin = headers.get("origin");
  const name = host === null ? undefined : /^(\[[^\]]*\]|[^:]*)/.exec(host)![0].replace(/^\[|\]$/g, "");
  if (name !== undefined && name !== "localhost" && !isLoopback(name)) return false;
  return origin === null || origin === `http://${host}` || origin === `https://${host}`;
}

const isLoopback = (address: string) => ipaddr.isValid(address) && ipaddr.process(address).range() === "loopback";
