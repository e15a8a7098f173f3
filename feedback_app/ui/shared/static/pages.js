// What every page has before it is drawn. Nothing is sent anywhere.
window.codelynn = {
  // The address of what is open.
  /** @param {string} id */
  remember(id) {
    const url = new URL(location.href);
    if (id) url.searchParams.set("c", id);
    else url.searchParams.delete("c");
    history.replaceState(history.state, "", url);
  },

  // The chosen colours. This browser remembers them, so that the next page has them from the first.
  /** @param {string} theme */
  colours(theme) {
    const asked = new URLSearchParams(location.search).get("__theme");
    const chosen = asked || theme;
    localStorage.setItem("codelynn.theme", theme);
    const dark = chosen === "system" ? matchMedia("(prefers-color-scheme: dark)").matches : chosen === "dark";
    document.body.classList.toggle("dark", dark);
  },

  // Called when a request failed or a stream broke off; ui/shared/static/connection.js looks whether the service answers.
  doubt() {},

  // Called before Gradio loads the page anew; ui/shared/static/typed.js keeps what was typed.
  keep() {},
};

(() => {
  const chosen = localStorage.getItem("codelynn.theme");
  const first = () => {
    if (chosen === "light" || chosen === "dark") document.querySelector("gradio-app")?.setAttribute("theme_mode", chosen);
  };
  // Before Gradio's own script runs, which looks at the attribute.
  document.addEventListener("readystatechange", () => document.readyState === "interactive" && first());
})();

(() => {
  const send = window.fetch.bind(window);
  window.codelynn.plainFetch = send;
  /** @param {URL} address */
  const ours = (address) => address.origin === location.origin;

  // A stream that is told to the page as long as the service lives.
  /** @param {Response} answer */
  const heard = (answer) => {
    const source = answer.body.getReader();
    const body = new ReadableStream({
      async pull(controller) {
        try {
          const { done, value } = await source.read();
          if (!done) return controller.enqueue(value);
          controller.close();
        } catch (error) {
          controller.error(error);
        }
        window.codelynn.doubt();
      },
      cancel: (reason) => source.cancel(reason),
    });
    return new Response(body, answer);
  };

  /** @type {(input: any, init?: RequestInit) => Promise<Response>} */
  window.fetch = async (input, init) => {
    const address = new URL(input.url || input, location.href);
    try {
      const answer = await send(input, init);
      // Gradio asks this after a broken connection alone, and loads the page anew when it is answered.
      if (address.pathname.endsWith("/gradio_api/app_id") && answer.ok) window.codelynn.keep();
      return address.pathname.includes("/gradio_api/heartbeat/") && answer.body ? heard(answer) : answer;
    } catch (error) {
      if (ours(address) && error.name !== "AbortError") window.codelynn.doubt();
      throw error;
    }
  };
})();
