// The types that the JSDoc of our scripts names. Only the type check reads this file (tests/unit/ui/test_javascript.py).

/** A comparison as the arena's routes describe it. */
interface Board {
  id: string;
  state: "generating" | "open" | "ranked" | "skipped" | "failed";
  ids: string[];
  asked: string;
  cards: string;
  replies: string[];
  texts?: string[];
  drawn: boolean;
  prompt: string;
  problem?: string;
  trouble?: "engine" | "too_long" | "other";
  ranking?: Details & { groups: string[][]; all_bad: boolean };
}

/** The details of a vote. */
interface Details {
  aspects: string[];
  note: string;
  edit: string;
}

/** A reply that a conversation can continue with. `after` is the id of its comparison, `thread` the conversation as HTML. */
interface Way {
  label: string;
  reply: string;
  thread: string;
  after?: string;
}

/** The reply that the owner continues with. `stop` is called when the owner asks something new instead. */
type Continued = Way & { stop: () => void };

/** What the service answers to a vote. A skip has neither `board` nor `ways`. */
interface Voted {
  line: string;
  progress: string;
  board?: Board;
  ways?: Way[];
}

/** The comparisons that are ready. A page that was just opened gets the rest too. */
interface Prefetched {
  ready: Board[];
  board?: Board;
  progress?: string;
  topics?: string[];
  undo?: boolean;
}

/** A request to the service that has no answer yet. */
interface Unsent {
  request: { method: string; path: string; body?: object };
  done: (answer: any) => void;
  failed: (error: Error) => void;
}

/** A reply's card in the page. */
type Card = HTMLElement;

/** An export that is under way. */
interface Job {
  href: string;
  format: string;
  total: number;
  lines: boolean;
  parts: Uint8Array<ArrayBuffer>[];
  bytes: number;
  found: number;
  control: AbortController;
  name?: string;
  show?: (text: string, done: number) => void;
}

/** A round that has ended, as `round/news` tells of it. */
interface Ended {
  id: string;
  title: string;
  line: string;
  link: string;
  href: string;
}

/** Where a field was on a page, and what was in it. */
interface Typed {
  id: string;
  place: number;
  text: string;
}

/** What `getElementById` finds, whatever kind of element it is. */
interface PageElement extends HTMLElement {
  [name: string]: any;
}

interface Window {
  codelynn: {
    remember(id: string): void;
    colours(theme: string): void;
    doubt(): void;
    keep(): void;
    plainFetch?: typeof fetch;
  };
  gradio_config: { app_id: string };
}

// The pages are ours: what a selector finds is known, so that its kind of element is not asked for at each place.
interface ParentNode {
  querySelector(selectors: string): any;
  querySelectorAll(selectors: string): NodeListOf<any>;
}

interface EventTarget {
  checked: any;
  closest: any;
  id: any;
  matches: any;
  name: any;
}
