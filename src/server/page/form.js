// The form of a recipe, made from its JSON Schema: a field for every leaf, a part that opens for every stage.

import { element } from "./element.js";

/** Fills `parent` with the schema's fields, but for those named in `without`. */
export function showFields(parent, schema, without) {
  parent.replaceChildren(...fields(schema, schema, "", without));
}

/** What the form says: only what the user filled in, as a nested object. */
export function filled(form) {
  const recipe = {};
  for (const field of form.querySelectorAll("[data-path]")) {
    if (field.value === "") continue;
    const keys = field.dataset.path.split("."), last = keys.pop();
    const place = keys.reduce((inner, key) => inner[key] ??= {}, recipe);
    place[last] = parsed(field.value);
  }
  return recipe;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function fields(root, schema, path, without = []) {
  const properties = Object.entries(schema.properties ?? {}).filter(([name]) => !without.includes(name));
  const leaves = [], groups = [];
  for (const [name, given] of properties) {
    const inner = resolved(root, given), at = path ? `${path}.${name}` : name;
    if (inner.properties) {
      groups.push(element("details", {}, element("summary", {}, at), element("div", { class: "fields" }, ...fields(root, inner, at))));
    } else leaves.push(field(name, at, inner));
  }
  return [...leaves, ...groups];
}

const resolved = (root, schema) => schema.$ref ? schema.$ref.split("/").slice(1).reduce((at, key) => at[key], root) : schema;

function field(name, path, schema) {
  const choices = schema.enum ?? (schema.type === "boolean" ? [true, false] : undefined);
  const properties = { "data-path": path, "aria-describedby": `about-${path}` };
  const control = choices
    ? element("select", properties, element("option", { value: "" }, ""), ...choices.map((choice) => element("option", {}, String(choice))))
    : element("input", { ...properties, placeholder: schema.default === undefined ? "" : JSON.stringify(schema.default) });
  return element("label", {}, name, control, element("span", { class: "hint", id: `about-${path}` }, schema.description ?? ""));
}
