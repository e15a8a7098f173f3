// Keyboard of the arena, and the address of what is open. Nothing is stored and nothing is sent.
window.codelynn = {
  remember(id) {
    const url = new URL(location.href);
    if (id) url.searchParams.set("c", id);
    else url.searchParams.delete("c");
    history.replaceState(history.state, "", url);
  },
};

(() => {
  const quiet = (el) =>
    el &&
    (el.isContentEditable ||
      el.matches("textarea, select") ||
      el.matches("input:not([type=radio]):not([type=checkbox]):not([type=range])"));
  const press = (id) => {
    const button = document.getElementById(id);
    if (!button || button.disabled || !button.offsetParent) return false;
    button.click();
    return true;
  };
  const places = () => [..."abcd"].map((letter) => document.getElementById(`place-${letter}`)).filter((el) => el && el.offsetParent);
  const choose = (index) => {
    if (press(`better-${index + 1}`)) return true;
    const cards = places();
    const chosen = cards.map((card) => card.querySelector("input:checked")).filter(Boolean);
    const radios = cards[index] ? cards[index].querySelectorAll("input") : [];
    if (!radios.length || cards[index].querySelector("input:checked")) return false;
    const next = new Set(chosen.map((input) => input.value)).size;
    if (!radios[next] || radios[next].disabled) return false;
    radios[next].click();
    return true;
  };
  const keys = { t: "tie", x: "all-bad", s: "skip", u: "undo", n: "next" };
  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || quiet(document.activeElement)) return;
    if (!document.getElementById("cards")) return;
    const key = event.key.toLowerCase();
    const index = "1234".includes(key) ? "1234".indexOf(key) : "abcd".indexOf(key);
    const onButton = document.activeElement && document.activeElement.matches("button, a, summary");
    let done = false;
    if (key.length === 1 && index >= 0) done = choose(index);
    else if (keys[key]) done = press(keys[key]);
    else if (key === "enter" && !onButton) done = press("submit-ranking");
    if (done) event.preventDefault();
  });
})();
