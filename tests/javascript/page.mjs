// As much of a page as the scripts' logic needs: elements by id, what a selector finds, events. The pages themselves are
// tested in a browser (tests/browser).

export class Node extends EventTarget {
  constructor(id = "", more = {}) {
    super();
    Object.assign(this, { id, dataset: {}, value: "", textContent: "", innerHTML: "", hidden: false, disabled: false, checked: false });
    this.offsetParent = {}; // it is drawn
    this.children = [];
    this.attributes = new Map();
    this.classes = new Set();
    this.finds = {}; // selector → elements
    this.within = {}; // selector → the element around it
    this.clicks = 0;
    const classes = this.classes;
    this.classList = {
      add: (name) => classes.add(name),
      remove: (name) => classes.delete(name),
      contains: (name) => classes.has(name),
      toggle: (name, on) => (on ? classes.add(name) : classes.delete(name)),
    };
    Object.assign(this, more);
  }

  querySelectorAll(selector) {
    const found = this.finds[selector] ?? [];
    return typeof found === "function" ? found() : found;
  }

  querySelector(selector) {
    return this.querySelectorAll(selector)[0] ?? null;
  }

  closest(selector) {
    return this.within[selector] ?? null;
  }

  matches(selector) {
    return selector in this.within;
  }

  setAttribute(name, value) {
    this.attributes.set(name, value);
  }

  removeAttribute(name) {
    this.attributes.delete(name);
  }

  toggleAttribute(name, on) {
    if (on) this.attributes.set(name, "");
    else this.attributes.delete(name);
  }

  append(...children) {
    this.children.push(...children);
  }

  replaceChildren(...children) {
    this.children = children;
  }

  click() {
    this.clicks += 1;
    this.dispatchEvent(new Event("click"));
  }

  remove() {}

  focus() {}

  scrollIntoView() {}
}

class Storage {
  kept = new Map();
  getItem = (name) => this.kept.get(name) ?? null;
  setItem = (name, value) => this.kept.set(name, value);
  removeItem = (name) => this.kept.delete(name);
}

// Put a page in place before a script is imported. Elements are made when they are first asked for.
export function page(address = "http://127.0.0.1/") {
  const elements = new Map();
  const document = new Node();
  document.made = [];
  document.hidden = false;
  document.body = new Node("body");
  document.head = new Node("head");
  document.missing = new Set();
  document.getElementById = (id) => {
    if (document.missing.has(id)) return null;
    if (!elements.has(id)) elements.set(id, new Node(id));
    return elements.get(id);
  };
  document.createElement = (name) => {
    const made = new Node("", { tagName: name.toUpperCase() });
    document.made.push(made);
    return made;
  };
  const window = new EventTarget();
  window.fetch = globalThis.fetch;
  window.codelynn = { remember() {}, doubt() {}, keep() {} };
  Object.assign(globalThis, {
    document,
    window,
    location: new URL(address),
    sessionStorage: new Storage(),
    localStorage: new Storage(),
  });
  return document;
}

// A key was pressed, or another event with these fields; whether the page took it for itself.
export function event(on, kind, fields = {}) {
  const made = new Event(kind, { cancelable: true });
  const { target = new Node(), ...rest } = fields;
  for (const [name, value] of Object.entries(rest)) Object.defineProperty(made, name, { value });
  Object.defineProperty(made, "target", { value: target });
  on.dispatchEvent(made);
  return made.defaultPrevented;
}
