// The OpenAPI document as one page for people, without script and without anything from outside.

interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
}

interface Operation {
  tags?: string[];
  summary?: string;
  security?: Record<string, unknown>[];
  parameters?: { name: string; in: string; required?: boolean; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: Schema }> }>;
}

export interface Document {
  info: { title: string; version: string };
  paths?: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Schema> };
}

/** The page, a section for each tag. */
export function docsPage({ info, paths = {}, components }: Document): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation }))
  );
  const tags = [...new Set(operations.map(({ operation }) => operation.tags?.[0] ?? ""))];
  const sections = tags.map((tag) => {
    const parts = operations.filter(({ operation }) => operation.tags?.[0] === tag);
    return `<section><h2 id="${text(tag)}">${text(tag)}</h2>${
      parts.map(({ path, method, operation }) => details(path, method, operation, components?.schemas ?? {})).join("")
    }</section>`;
  });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${text(info.title)}</title><style>${style}</style></head>
<body><header><h1>${text(info.title)} ${text(info.version)}</h1>
<p>The same as a document for programs: <a href="/openapi.json">/openapi.json</a></p>
<nav>${tags.map((tag) => `<a href="#${text(tag)}">${text(tag)}</a>`).join(" ")}</nav></header>
<main>${sections.join("")}</main></body></html>`;
}

function details(
  path: string,
  method: string,
  { summary = "", security = [], parameters = [], requestBody, responses }: Operation,
  schemas: Record<string, Schema>,
): string {
  const access = security.some((one) => "control" in one) ? "control" : security.length > 0 ? "read" : "open";
  const rows = parameters.map(({ name, in: place, required, schema }) => row(`${name} (${place})`, schema, required ?? false));
  const bodies = Object.entries(requestBody?.content ?? {}).map(([type, { schema }]) =>
    `<h4>Body: ${text(type)}</h4>${table(schema, schemas)}`
  );
  const answers = Object.entries(responses).filter(([status]) => status !== "default").map(([status, { description, content = {} }]) =>
    `<h4>${status}: ${text(description)}</h4>` +
    Object.entries(content).map(([type, { schema }]) => `<p>${text(type)}</p>${table(schema, schemas)}`).join("")
  );
  return `<details><summary><code><b>${method.toUpperCase()}</b> ${text(path)}</code> ${text(summary)} <small>${access}</small></summary>
${rows.length > 0 ? `<h4>Parameters</h4><table>${rows.join("")}</table>` : ""}${bodies.join("")}${answers.join("")}</details>`;
}

function table(schema: Schema, schemas: Record<string, Schema>): string {
  const whole = resolved(schema, schemas);
  if (!whole.properties) return `<p>${text(typeName(whole))} ${text(whole.description ?? "")}</p>`;
  const rows = Object.entries(whole.properties).map(([name, one]) => row(name, one, whole.required?.includes(name) ?? false));
  return `<table>${rows.join("")}</table>`;
}

function row(name: string, schema: Schema, required: boolean): string {
  const standard = schema.default === undefined ? required ? "required" : "" : `default ${JSON.stringify(schema.default)}`;
  return `<tr><th scope="row"><code>${text(name)}</code></th><td>${text(typeName(schema))}</td><td>${text(standard)}</td><td>${
    text(schema.description ?? "")
  }</td></tr>`;
}

function resolved(schema: Schema, schemas: Record<string, Schema>): Schema {
  return schema.$ref ? schemas[schema.$ref.split("/").pop()!] ?? schema : schema;
}

function typeName({ $ref, type, enum: choices, const: constant, items, anyOf }: Schema): string {
  if ($ref) return $ref.split("/").pop()!;
  if (choices) return choices.map((one) => JSON.stringify(one)).join(" | ");
  if (constant !== undefined) return JSON.stringify(constant);
  if (anyOf) return anyOf.map(typeName).join(" | ");
  if (items) return `list of ${typeName(items)}`;
  return [type ?? "any"].flat().join(" | ");
}

const text = (given: string) => given.replace(/[&<>"]/g, (letter) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[letter]!);

const style = `:root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:70rem;margin:0 auto;padding:1rem}
nav a{margin-right:.8rem}summary{cursor:pointer;padding:.3rem 0}summary small{border:1px solid;border-radius:.3rem;padding:0 .3rem}
details[open]{border-left:3px solid;padding-left:1rem;margin-bottom:1rem}table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.2rem .8rem .2rem 0;border-bottom:1px solid #8884}th{font-weight:normal;white-space:nowrap}`;
