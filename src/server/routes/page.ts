// The live page at /: static files that travel with the program, so that nothing is fetched from outside and nothing is built.

import uplotCss from "npm:uplot@1.6.32/dist/uPlot.min.css" with { type: "text" };
import uplotJs from "npm:uplot@1.6.32/dist/uPlot.iife.min.js" with { type: "text" };
import apiJs from "../page/api.js" with { type: "text" };
import css from "../page/page.css" with { type: "text" };
import curvesJs from "../page/curves.js" with { type: "text" };
import elementJs from "../page/element.js" with { type: "text" };
import formJs from "../page/form.js" with { type: "text" };
import html from "../page/index.html" with { type: "text" };
import icon from "../page/icon.svg" with { type: "text" };
import mainJs from "../page/main.js" with { type: "text" };
import runsJs from "../page/runs.js" with { type: "text" };
import searchJs from "../page/search.js" with { type: "text" };
import type { App } from "../endpoint.ts";

/** Text imports of scripts and pages have no type of their own: checkers read what the files export instead. */
const text = (imported: unknown) => imported as string;

const types = { css: "text/css", html: "text/html", js: "text/javascript", svg: "image/svg+xml" };

const files: Record<string, string> = {
  "/": text(html),
  "/page/page.css": text(css),
  "/page/icon.svg": text(icon),
  "/page/uplot.css": text(uplotCss),
  "/page/uplot.js": text(uplotJs),
  "/page/main.js": text(mainJs),
  "/page/api.js": text(apiJs),
  "/page/curves.js": text(curvesJs),
  "/page/element.js": text(elementJs),
  "/page/form.js": text(formJs),
  "/page/runs.js": text(runsJs),
  "/page/search.js": text(searchJs),
};

/** Open for everyone: the page asks for a token itself where one is wanted. */
export function pageRoutes(app: App): void {
  for (const [path, body] of Object.entries(files)) {
    const type = types[(/\.(\w+)$/.exec(path)?.[1] ?? "html") as keyof typeof types];
    const headers = { "content-type": `${type}; charset=utf-8`, "cache-control": "no-cache" };
    app.get(path, (context) => {
      context.set("route", path);
      return context.body(body, 200, headers);
    });
  }
}
