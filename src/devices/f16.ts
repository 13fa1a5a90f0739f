// Kernels for tensors that lie in f16: the same WGSL, with a conversion around every access to them. Arithmetic stays f32.

import { ShaderError } from "../errors.ts";

/** How an array's elements are kept, read and stored. */
interface Conversion {
  kept: string;
  read: (access: string) => string;
  store: (value: string) => string;
}

const floats = (f32: string, f16: string): Conversion => ({ kept: f16, read: (x) => `${f32}(${x})`, store: (v) => `${f16}(${v})` });

const conversions: Record<string, Conversion> = {
  f32: floats("f32", "f16"),
  vec2f: floats("vec2f", "vec2h"),
  vec4f: floats("vec4f", "vec4h"),
  // Kernels that only copy take the words of f32 as they are.
  u32: { kept: "f16", read: (x) => `bitcast<u32>(f32(${x}))`, store: (v) => `f16(bitcast<f32>(${v}))` },
};

/**
 * The text of a kernel whose arrays of these names lie in f16. Lines keep their numbers.
 *
 * @throws ShaderError where an array is used in a way that has no conversion, naming it.
 */
export function inF16(wgsl: string, names: readonly string[], label: string): string {
  const arrays = new Map<string, Conversion>();
  const fail = (name: string, why: string) =>
    new ShaderError(`${label}: ${name} cannot lie in f16, ${why}; take the output out of the "f16" of the op that makes it`);
  let code = wgsl.replace(/\/\/[^\n]*/g, "");
  for (const name of names) {
    code = code.replace(new RegExp(`(var<[^>]*>\\s*${name}\\s*:\\s*array<\\s*)(\\w+)`), (_, before, element) => {
      const conversion = conversions[element];
      if (!conversion) throw fail(name, `its elements are ${element}`);
      arrays.set(name, conversion);
      return before + conversion.kept;
    });
    if (!arrays.has(name)) throw fail(name, "the WGSL declares no array of this name");
    if (new RegExp(`(?<!&)&\\s*${name}\\b`).test(code.replace(/arrayLength\s*\([^)]*\)/g, ""))) {
      throw fail(name, "a pointer to it is taken");
    }
    for (const body of code.split(/(?=\bfn\s)/)) {
      if (declares(body, name) && indexed(name).test(body)) {
        throw fail(name, "a function has a variable of its name and an index behind it");
      }
    }
  }
  return `enable f16; ${converted(code, arrays)}`;
}

const indexed = (...names: string[]) => new RegExp(`(?<![\\w.])(${names.join("|")})\\s*\\[`);

/** Whether a function has a parameter or a variable of this name. */
function declares(fn: string, name: string): boolean {
  const parameter = new RegExp(`[(,]\\s*${name}\\s*:`), variable = new RegExp(`\\b(?:let|var|const)\\s+${name}\\b`);
  return parameter.test(fn.slice(0, fn.indexOf("{"))) || variable.test(fn);
}

/** Every access to the arrays with its conversion; an index or a value that is stored may hold accesses itself. */
function converted(code: string, arrays: ReadonlyMap<string, Conversion>): string {
  const next = indexed(...arrays.keys());
  let done = "", rest = code;
  for (let found = next.exec(rest); found; found = next.exec(rest)) {
    const { read, store } = arrays.get(found[1])!, open = found.index + found[0].length, close = end(rest, open);
    const access = `${found[1]}[${converted(rest.slice(open, close), arrays)}]`;
    done += rest.slice(0, found.index);
    rest = rest.slice(close + 1);
    const assigned = /^\s*([-+*/]?)=(?!=)/.exec(rest);
    if (!assigned) {
      done += read(access);
      continue;
    }
    const from = assigned[0].length, to = end(rest, from), value = converted(rest.slice(from, to), arrays).trim(), [, operator] = assigned;
    done += `${access} = ${store(operator ? `${read(access)} ${operator} (${value})` : value)}`;
    rest = rest.slice(to);
  }
  return done + rest;
}

/** Where the expression that begins at `from` ends: at a semicolon, or at a bracket that it has not opened. */
function end(code: string, from: number): number {
  let depth = 0;
  for (let i = from; i < code.length; i++) {
    if ("([{".includes(code[i])) depth++;
    else if (depth === 0 && ")]};".includes(code[i])) return i;
    else if (")]}".includes(code[i])) depth--;
  }
  return code.length;
}
