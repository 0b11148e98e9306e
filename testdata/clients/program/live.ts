import type { components } from "./schema.js";

type LiveMessage = components["schemas"]["LiveMessage"];
type StoreLiveMessage = components["schemas"]["StoreLiveMessage"];

/** The messages of a stream of server-sent events. */
export async function* events(stream: ReadableStream<Uint8Array>): AsyncGenerator<LiveMessage> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const data = block.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart());
      if (data.length > 0) yield JSON.parse(data.join("\n")) as LiveMessage;
    }
  }
}

/** The messages of a WebSocket, which is closed when no more are asked for. */
export async function* messages(socket: WebSocket): AsyncGenerator<StoreLiveMessage> {
  const heard: StoreLiveMessage[] = [];
  let ended: string | undefined;
  let wake = () => {};
  socket.onmessage = ({ data }: MessageEvent<string>) => {
    heard.push(JSON.parse(data) as StoreLiveMessage);
    wake();
  };
  socket.onclose = ({ code, reason }) => {
    ended = `the WebSocket was closed: ${code} ${reason}`;
    wake();
  };
  try {
    for (;;) {
      const message = heard.shift();
      if (message) yield message;
      else if (ended) throw new Error(ended);
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    socket.close();
  }
}

/** The next message of a type. An error of the gateway ends the wait. */
export async function next<M extends { type: string }, T extends M["type"]>(from: AsyncGenerator<M>, type: T): Promise<Extract<M, { type: T }>> {
  for (;;) {
    const { value, done } = await from.next();
    if (done) throw new Error(`it ended before ${type}`);
    if (value.type === type) return value as Extract<M, { type: T }>;
    if (value.type === "error") throw new Error(JSON.stringify(value));
  }
}
