// What our pages ask of the service carries their token, Gradio's own requests too: the service refuses others (decision 0008).
{
  const token = document.querySelector('meta[name="codelynn-token"]').content;
  const plain = window.fetch;
  const ours = (input) => new URL(input.url ?? input, location.href).origin === location.origin;
  window.fetch = (input, init) => {
    if (!ours(input)) return plain(input, init);
    const headers = new Headers(init?.headers ?? input.headers);
    headers.set("X-Codelynn-Token", token);
    return plain(input, { ...init, headers });
  };
}
