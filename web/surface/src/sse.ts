// Reads server-sent events from a fetch body. EventSource would do it, but cannot send a header.

export interface ServerEvent {
  event: string;
  id: string | null;
  data: string;
}

/** Splits chunks into events; keeps what is incomplete for the next chunk. */
export class EventParser {
  #rest = '';
  #event = 'message';
  #id: string | null = null;
  #data: string[] = [];

  push(chunk: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    const lines = (this.#rest + chunk).split(/\r\n|\n/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const event = this.#line(line);
      if (event) events.push(event);
    }
    return events;
  }

  #line(line: string): ServerEvent | null {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return null; // a comment, there to keep the connection warm
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#event = value;
    else if (field === 'id') this.#id = value;
    else if (field === 'data') this.#data.push(value);
    return null;
  }

  #dispatch(): ServerEvent | null {
    const event = { event: this.#event, id: this.#id, data: this.#data.join('\n') };
    const complete = this.#data.length > 0;
    this.#event = 'message';
    this.#data = [];
    return complete ? event : null;
  }
}

/** Calls `onEvent` until the body ends; `onBytes` tells that the other side is alive. */
export async function readEvents(
  body: ReadableStream<Uint8Array>,
  onEvent: (event: ServerEvent) => void,
  onBytes: () => void,
): Promise<void> {
  const parser = new EventParser();
  const decoder = new TextDecoder();
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    onBytes();
    for (const event of parser.push(decoder.decode(value, { stream: true }))) onEvent(event);
  }
}
