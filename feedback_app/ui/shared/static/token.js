// Adds the page's token to every request to the service, including Gradio's. The service refuses requests without it (decision 0008).
{
  const token = document.querySelector('meta[name="codelynn-token"]').content;
  const plain = window.fetch;
  /** @param {any} input */
  const ours = (input) => new URL(input.url ?? input, location.href).origin === location.origin;
  /** @type {(input: any, init?: RequestInit) => Promise<Response>} */
  window.fetch = (input, init) => {
    if (!ours(input)) return plain(input, init);
    const headers = new Headers(init?.headers ?? input.headers);
    headers.set("X-Codelynn-Token", token);
    return plain(input, { ...init, headers });
  };
}
