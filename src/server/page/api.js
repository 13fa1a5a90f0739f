// Requests of the page. Every failure is shown in words, the server's own where it has some.

const notice = document.querySelector("#notice");
const token = document.querySelector("#token");
token.value = sessionStorage.getItem("token") ?? "";
token.addEventListener("change", () => sessionStorage.setItem("token", token.value));

const authorization = () => token.value ? { authorization: `Bearer ${token.value}` } : {};

export function say(message) {
  notice.hidden = !message;
  notice.textContent = message ?? "";
}

/** The answer to a request, as JSON or as bytes. Throws what the server says is wrong. */
export async function ask(path, { method = "GET", body, headers = {}, as = "json", signal } = {}) {
  const plain = body === undefined || body instanceof Blob || body instanceof FormData;
  const response = await fetch(path, {
    method,
    signal,
    headers: { ...authorization(), ...plain ? {} : { "content-type": "application/json" }, ...headers },
    body: plain ? body : JSON.stringify(body),
  });
  if (!response.ok) {
    const answer = await response.json().catch(() => null);
    if (response.status === 401) document.querySelector("#access").open = true;
    throw new Error(answer?.error?.message ?? `${method} ${path}: ${response.status} ${response.statusText}`);
  }
  return response.status === 204 ? null : await response[as]();
}

/** Runs an action of the user's: what was said before is over, and what goes wrong is said instead of lost. */
export function attempt(action) {
  say();
  return background(action);
}

/** Runs what the page does by itself: it says what goes wrong, and leaves what stands there. */
export async function background(action) {
  try {
    return await action();
  } catch (error) {
    if (error.name !== "AbortError") say(error.message);
  }
}

/**
 * Server-sent events of `path`, over fetch, since an EventSource cannot send a token. Comes back after an interruption with
 * Last-Event-ID, until `signal` ends it.
 */
export async function* events(path, signal) {
  let last = "";
  while (!signal.aborted) {
    try {
      const response = await fetch(path, { signal, headers: { ...authorization(), ...last && { "last-event-id": last } } });
      if (!response.ok) throw new Error(`${path}: ${response.status}`);
      let rest = "";
      for await (const chunk of chunks(response.body.pipeThrough(new TextDecoderStream()))) {
        const blocks = (rest + chunk).split("\n\n");
        rest = blocks.pop();
        for (const block of blocks) {
          const event = parse(block);
          if (event.id) last = event.id;
          if (event.data) yield { ...event, data: JSON.parse(event.data) };
        }
      }
    } catch {
      if (signal.aborted) return;
    }
    await new Promise((done) => setTimeout(done, 1000));
  }
}

async function* chunks(stream) {
  const reader = stream.getReader();
  for (let read; !(read = await reader.read()).done;) yield read.value;
}

function parse(block) {
  const event = { type: "message", data: "" };
  for (const line of block.split("\n")) {
    const [, name, value] = /^(\w*): ?(.*)$/.exec(line) ?? [];
    if (name === "data") event.data += value;
    else if (name === "event") event.type = value;
    else if (name === "id") event.id = value;
  }
  return event;
}
