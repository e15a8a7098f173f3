// What the scripts of every page need before the page is drawn. This script sends no requests of its own.
window.codelynn = {
  // Writes the id of what is open into the address.
  /** @param {string} id */
  remember(id) {
    const url = new URL(location.href);
    if (id) url.searchParams.set("c", id);
    else url.searchParams.delete("c");
    history.replaceState(history.state, "", url);
  },

  // Applies the chosen colours. The browser stores them, so that the next page starts with them.
  /** @param {string} theme */
  colours(theme) {
    const asked = new URLSearchParams(location.search).get("__theme");
    const chosen = asked || theme;
    localStorage.setItem("codelynn.theme", theme);
    const dark = chosen === "system" ? matchMedia("(prefers-color-scheme: dark)").matches : chosen === "dark";
    document.body.classList.toggle("dark", dark);
  },

  // Called after a request failed or a stream broke off. `connection.js` replaces it and checks whether the service answers.
  doubt() {},

  // Called before Gradio reloads the page. `typed.js` replaces it and keeps what was typed.
  keep() {},
};

(() => {
  const chosen = localStorage.getItem("codelynn.theme");
  const first = () => {
    if (chosen === "light" || chosen === "dark") document.querySelector("gradio-app")?.setAttribute("theme_mode", chosen);
  };
  // This runs before Gradio's own script, which reads the attribute.
  document.addEventListener("readystatechange", () => document.readyState === "interactive" && first());
})();

(() => {
  const send = window.fetch.bind(window);
  window.codelynn.plainFetch = send;
  /** @param {URL} address */
  const ours = (address) => address.origin === location.origin;

  // Gradio's heartbeat lasts as long as the service runs, so its end is a reason to check.
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
      // Gradio asks for this only after a broken connection, and reloads the page when it gets an answer.
      if (address.pathname.endsWith("/gradio_api/app_id") && answer.ok) window.codelynn.keep();
      return address.pathname.includes("/gradio_api/heartbeat/") && answer.body ? heard(answer) : answer;
    } catch (error) {
      if (ours(address) && error.name !== "AbortError") window.codelynn.doubt();
      throw error;
    }
  };
})();
