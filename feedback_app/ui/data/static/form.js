// The filters and the changes of a ranking, as the service takes them.
/** @param {any} form */
export function wanted(form) {
  const fields = Object.fromEntries([...new FormData(form)].filter(([, value]) => value));
  return { ...fields, differs: form.elements.differs.checked };
}

// The same filters for the public API, which knows no `id`.
/** @param {Record<string, any>} filters */
export function query(filters) {
  const fields = Object.entries({ ...filters, words: (filters.words ?? "").trim() });
  return new URLSearchParams(fields.filter(([name]) => name !== "id"));
}

/** @param {any} form */
export function change(form) {
  /** @param {string} name */
  const checked = (name) => [...form.querySelectorAll(`[name="${name}"]:checked`)].map((box) => box.value);
  const places = [...form.querySelectorAll("select[name=place]")].filter((one) => one.value);
  return {
    places: Object.fromEntries(places.map((one) => [one.dataset.reply, Number(one.value)])),
    all_bad: form.elements["all-bad"].checked,
    aspects: checked("aspect"),
    note: form.elements.note.value,
    edit: form.elements.edit.value,
    tags: form.elements.tags.value.split(","),
  };
}

// Fills in the choices that depend on the data. What was chosen stays chosen.
/** @param {any} form @param {Record<string, string>} choices */
export function choose(form, choices) {
  for (const [name, html] of Object.entries(choices)) {
    const select = form.elements[name];
    const before = select.value;
    select.innerHTML = html;
    select.value = before;
    if (select.selectedIndex < 0) select.value = "";
  }
}
