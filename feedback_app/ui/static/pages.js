// The address of what is open. Nothing is stored and nothing is sent.
window.codelynn = {
  remember(id) {
    const url = new URL(location.href);
    if (id) url.searchParams.set("c", id);
    else url.searchParams.delete("c");
    history.replaceState(history.state, "", url);
  },
};
