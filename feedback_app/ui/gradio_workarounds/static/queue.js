// Keeps Gradio's pages from waiting forever (client of gradio 6.31). All events of a page arrive on one stream, which the server
// closes when no event is left. The answer to a new event's `queue/join` comes on another connection and may overtake the message
// that closes the stream. The page then assumes that the stream is open and never receives the event. So the answer waits here
// until the stream has named its event or has ended.
//
// Upstream: gradio-app/gradio pull request 11432 discusses when the client closes its stream. No upstream issue about this race was
// found on 2026-11-29. tests/unit/ui/gradio_workarounds/test_queue.py fails once Gradio's client no longer closes the stream on
// `close_stream`; tests/browser/shared/test_queue_mend.py shows the order of messages that hurt. Decision 0010.
(() => {
  const FALLBACK_MS = 5000; // if the stream does neither, the page behaves as without this script
  const SETTLE_MS = 50; // for Gradio to read the message that ended the stream
  const send = window.fetch.bind(window);
  /** @type {Map<string, (value?: any) => void>} */
  const waiting = new Map();
  const named = new Set();
  let streams = 0;
  let joining = 0;

  const ended = () =>
    setTimeout(() => {
      streams -= 1;
      for (const release of waiting.values()) release();
      waiting.clear();
    }, SETTLE_MS);

  const reader = () => {
    const decoder = new TextDecoder();
    let tail = "";
    /** @param {Uint8Array<ArrayBuffer>} chunk */
    return (chunk) => {
      const text = tail + decoder.decode(chunk, { stream: true });
      for (const [, id] of text.matchAll(/"event_id":"([^"]+)"/g)) {
        if (waiting.has(id)) waiting.get(id)();
        waiting.delete(id);
        if (joining) named.add(id);
      }
      tail = text.slice(-100);
    };
  };

  /** @type {typeof fetch} */
  const listen = async (input, init) => {
    streams += 1;
    let answer;
    try {
      answer = await send(input, init);
    } catch (error) {
      ended();
      throw error;
    }
    const source = answer.body.getReader();
    const read = reader();
    const body = new ReadableStream({
      async pull(controller) {
        try {
          const { done, value } = await source.read();
          if (!done) {
            controller.enqueue(value);
            return read(value);
          }
          controller.close();
        } catch (error) {
          controller.error(error);
        }
        ended();
      },
      cancel(reason) {
        ended();
        return source.cancel(reason);
      },
    });
    return new Response(body, answer);
  };

  /** @type {typeof fetch} */
  const join = async (input, init) => {
    joining += 1;
    try {
      const answer = await send(input, init);
      const id = answer.ok ? (await answer.clone().json()).event_id : "";
      if (id && streams && !named.has(id))
        await new Promise((release) => {
          waiting.set(id, release);
          setTimeout(release, FALLBACK_MS);
        });
      return answer;
    } finally {
      joining -= 1;
      if (!joining) named.clear();
    }
  };

  /** @type {(input: any, init?: RequestInit) => Promise<Response>} */
  window.fetch = (input, init) => {
    const { pathname } = new URL(input.url || input, location.href);
    if (pathname.endsWith("/gradio_api/queue/data")) return listen(input, init);
    if (pathname.endsWith("/gradio_api/queue/join")) return join(input, init);
    return send(input, init);
  };
})();
