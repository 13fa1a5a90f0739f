// Search by picture: what the model makes of it, and its nearest neighbours in a collection.

import { ask, attempt, background, say } from "./api.js";
import { element } from "./element.js";

const by = (id) => document.getElementById(id);
const path = (rest = "") => `v1/collections/${encodeURIComponent(by("collection").value)}${rest}`;

/** Longest side of what is sent of a picture. */
const LARGEST = 1024;

export async function startSearch() {
  await listCollections();
  by("query").addEventListener("change", ({ target }) => search(target.files[0]));
  by("add").addEventListener("change", ({ target }) => add([...target.files]));
  const drop = by("drop");
  for (const [event, over] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
    drop.addEventListener(event, (happened) => {
      happened.preventDefault();
      drop.classList.toggle("over", over);
      if (event === "drop") search([...happened.dataTransfer.files].find(({ type }) => type.startsWith("image/")));
    });
  }
  addEventListener("paste", ({ clipboardData }) => {
    const picture = [...clipboardData.files].find(({ type }) => type.startsWith("image/"));
    if (picture) search(picture);
  });
}

async function listCollections() {
  const answer = await background(() => ask("v1/collections"));
  by("collections").replaceChildren(
    ...(answer?.data ?? []).map(({ name, count }) => element("option", { value: name }, `${count} pictures`)),
  );
}

function add(files) {
  return attempt(async () => {
    await ask(path(), { method: "PUT", body: {} });
    let added = 0;
    for (const group of groups(files, 16)) {
      const items = await Promise.all(group.map(async (file) => ({
        id: await idOf(file),
        name: file.name,
        picture: await dataUri(file, LARGEST),
      })));
      const answer = await ask(path("/items"), { method: "POST", body: { items, on_error: "report" } });
      added += answer.added + answer.replaced;
      say(`${added} of ${files.length} pictures are in ${by("collection").value}`);
      for (const { message } of answer.errors) say(message);
    }
    await listCollections();
  });
}

function search(file) {
  if (!file) return;
  return attempt(async () => {
    const picture = await dataUri(file, LARGEST);
    by("asked").replaceChildren(figure(picture, file.name));
    by("neighbours").replaceChildren();
    await Promise.all([neighbours(picture), reconstruction(picture), classes(picture)]);
  });
}

async function neighbours(picture) {
  const { data } = await ask(path("/search"), { method: "POST", body: { picture, k: 12 } });
  const found = await Promise.all(data.map(async ({ id, name, score }) => {
    const image = await ask(path(`/items/${encodeURIComponent(id)}/thumbnail`), { as: "blob" }).catch(() => null);
    const title = name ?? id;
    const picture = image ? [element("img", { src: URL.createObjectURL(image), alt: title })] : [];
    return element("li", {}, ...picture, element("p", {}, `${title}, ${score.toFixed(3)}`));
  }));
  by("neighbours").replaceChildren(...found);
  if (!found.length) by("neighbours").replaceChildren(element("li", { class: "hint" }, "The collection is empty: add pictures."));
}

/** Abilities that a model lacks are answered with an error, and then nothing is shown. */
async function reconstruction(picture) {
  const strip = await ask("v1/reconstruct", { method: "POST", body: { input: picture, mask_ratio: 0.4 }, as: "blob" }).catch(() => null);
  if (strip) by("asked").append(figure(URL.createObjectURL(strip), "as the model sees it, masked, and as it fills it in"));
}

async function classes(picture) {
  const answer = await ask("v1/classify", { method: "POST", body: { input: picture } }).catch(() => null);
  const best = answer?.data?.[0]?.classes?.slice(0, 3) ?? [];
  if (best.length) {
    by("asked").append(element("p", {}, best.map(({ label, probability }) => `${label} ${(100 * probability).toFixed(0)} %`).join(", ")));
  }
}

const figure = (source, caption) =>
  element("figure", {}, element("img", { src: source, alt: caption }), element("figcaption", {}, caption));

function* groups(list, size) {
  for (let i = 0; i < list.length; i += size) yield list.slice(i, i + size);
}

/** The same file gives the same id, so that adding it twice keeps one. */
async function idOf(file) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  return [...hash.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The file itself, or a smaller picture of it where it is larger than `side` pixels: fewer bytes to send, and no limit met. */
async function dataUri(file, side) {
  const bitmap = await createImageBitmap(file).catch(() => null);
  const scale = bitmap ? Math.min(1, side / Math.max(bitmap.width, bitmap.height)) : 1;
  if (bitmap && scale < 1) {
    const canvas = element("canvas", { width: Math.round(bitmap.width * scale), height: Math.round(bitmap.height * scale) });
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    return canvas.toDataURL("image/jpeg", 0.92);
  }
  return await new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
