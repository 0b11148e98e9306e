// Changes as they happen: the gateway's stream of server-sent events. (EventSource cannot send a token.)
import { open } from "./gateway.js";

const longest = 7000; // characters of ids in the address, of the 8 KiB that the gateway takes
const firstPause = 1000; // ms
const longestPause = 30_000;

// follow tells of the changes of items until it is stopped: changed(message) for each, gap() where some may have been
// missed, which is so wherever following begins, state("live" | "waiting") for how it stands. Returns how to stop.
export function follow(items, { changed, gap, state }) {
  const stopping = new AbortController();
  run(items, { changed, gap, state }, stopping.signal);
  return () => stopping.abort();
}

// followable are as many of the items as fit into one stream.
export function followable(items) {
  let length = 0;
  return items.filter((item) => (length += item.length + 1) <= longest);
}

async function run(items, { changed, gap, state }, signal) {
  let last; // the sequence of the last event
  let pause = firstPause;
  while (!signal.aborted) {
    state("waiting");
    try {
      const path = `api/inventory/stream?inventoryItemId=${items.map(encodeURIComponent).join(",")}`;
      const resumes = last !== undefined;
      const body = await open(path, resumes ? { "Last-Event-ID": last } : {}, signal);
      for await (const event of events(body)) {
        if (event.id) last = event.id;
        const message = JSON.parse(event.data);
        if (message.type === "subscribed") {
          if (!resumes) gap();
          state("live");
          pause = firstPause;
        } else if (message.type === "gap") gap();
        else if (message.type === "inventory_level.updated") changed(message);
      }
    } catch {
      // The next attempt tells; who is not let in any more is signed out.
    }
    if (signal.aborted) return;
    state("waiting");
    await rest(pause, signal);
    pause = Math.min(2 * pause, longestPause);
  }
}

// events reads server-sent events.
async function* events(body) {
  let text = "";
  for await (const piece of pieces(body.pipeThrough(new TextDecoderStream()))) {
    const blocks = (text + piece).split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const event = {};
      for (const line of block.split("\n")) {
        const [, field, value] = /^(id|data): ?(.*)$/.exec(line) ?? [];
        if (field) event[field] = value;
      }
      if (event.data) yield event;
    }
  }
}

// pieces of a stream, which not every browser can iterate by itself.
async function* pieces(stream) {
  const reader = stream.getReader();
  try {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) yield piece.value;
  } finally {
    reader.cancel().catch(() => {});
  }
}

function rest(duration, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, duration);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
