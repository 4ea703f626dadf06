/** Markup within a line of text: emphasis, code, links, spoilers, and the names of people and rooms. */

import { LINK, safeHref, withoutTrailing } from "./text.js";

const DEEPEST = 8;
const SPECIAL = new RegExp(String.raw`\\[\\*_~|${"`"}[\]#@>:-]|${"`"}+|\*+|_+|~+|\|+|\[|\]\(|[@#]|${LINK.source}`, "giu");
const TARGET = /([^\s()<>[\]]+(?:\([^\s()<>[\]]*\)[^\s()<>[\]]*)*)\)/y;
const ROOM = /#([\w-]{1,64})/y;
const WORD = /[\p{L}\p{N}]/u;
const SPACE = /\s/;
/** @type {Readonly<Record<string, "em" | "strong" | "del" | "spoiler" | "link">>} */
const TYPES = Object.freeze({ "*": "em", _: "em", "**": "strong", __: "strong", "~~": "del", "||": "spoiler", "[": "link" });

/**
 * @typedef {string
 *   | {type: "em" | "strong" | "del" | "spoiler" | "link", children: Inline[], href?: string}
 *   | {type: "code" | "mention" | "room", text: string}} Inline
 * @typedef {{names?: readonly string[], isRoom?: (name: string) => boolean}} Known   The names of mentioned users, longest
 *   first, and which rooms there are.
 * @typedef {{text: string, type?: string, href?: string, opens?: boolean, closes?: boolean, whole?: Inline}} Token
 *   `opens` and `closes`: there is the other one of the pair.
 */

/** @param {string} text @param {Known} [known] @returns {Inline[]} */
export function inline(text, known = {}) {
  return tree(new Scanner(text, known).tokens);
}

/** Cuts a text into tokens, and finds which of them belong together. */
class Scanner {
  /** @type {Token[]} */ tokens = [];
  /** What is open, innermost last. @type {Token[]} */ #open = [];
  /** How many of each marker are open. @type {Map<string, number>} */ #counts = new Map();
  /** Where runs of backticks begin, by their length, those that are still ahead. @type {Map<number, number[]>} */ #ticks = new Map();
  #end = 0;

  /** @param {string} text @param {Known} known */
  constructor(text, { names = [], isRoom = () => false }) {
    this.text = text;
    this.names = names;
    this.isRoom = isRoom;
    for (const { 0: run, index } of text.matchAll(/`+/g)) {
      const places = this.#ticks.get(run.length) ?? [];
      this.#ticks.set(run.length, places);
      places.push(index);
    }
    for (const places of this.#ticks.values()) places.reverse();
    const special = new RegExp(SPECIAL);
    for (let match = special.exec(text); match; match = special.exec(text)) {
      this.#say(match.index);
      this.#end = match.index + match[0].length;
      this.#take(match[0], match.index);
      special.lastIndex = this.#end;
    }
    this.#say(text.length);
  }

  /** What stands before a place is text. @param {number} at */
  #say(at) {
    if (at > this.#end) this.tokens.push({ text: this.text.slice(this.#end, at) });
  }

  /** @param {string} found @param {number} at */
  #take(found, at) {
    const sign = found[0];
    if (sign === "\\") this.tokens.push({ text: found[1] });
    else if (sign === "`") this.#code(found, at);
    else if (sign === "]") this.#target(found);
    else if (sign === "[") this.#opens("[");
    else if (sign === "@") this.#mention(found, at);
    else if (sign === "#") this.#room(found, at);
    else if ("*_~|".includes(sign)) this.#mark(found, at);
    else this.#link(found, at);
  }

  /** @param {string} run @param {number} at */
  #code(run, at) {
    const places = this.#ticks.get(run.length) ?? [];
    while (places.length && places[places.length - 1] <= at) places.pop();
    const end = places[places.length - 1];
    if (end === undefined) {
      this.tokens.push({ text: run });
      return;
    }
    const code = this.text.slice(at + run.length, end);
    const padded = code.length > 2 && code.startsWith(" ") && code.endsWith(" ");
    this.#whole({ type: "code", text: padded ? code.slice(1, -1) : code }, end + run.length);
  }

  /** @param {string} found @param {number} at */
  #link(found, at) {
    const shown = withoutTrailing(found);
    const href = safeHref(shown);
    if (href) this.#whole({ type: "link", href, children: [shown] }, at + shown.length);
    else this.tokens.push({ text: found });
  }

  /** @param {string} found @param {number} at */
  #mention(found, at) {
    const ends = (/** @type {string} */ name) => !WORD.test(this.text[at + 1 + name.length] ?? " ");
    const name = this.names.find((one) => this.text.startsWith(one, at + 1) && ends(one));
    if (name) this.#whole({ type: "mention", text: `@${name}` }, at + 1 + name.length);
    else this.tokens.push({ text: found });
  }

  /** @param {string} found @param {number} at */
  #room(found, at) {
    ROOM.lastIndex = at;
    const name = ROOM.exec(this.text)?.[1];
    if (name && !WORD.test(this.text[at - 1] ?? " ") && this.isRoom(name)) this.#whole({ type: "room", text: name }, at + 1 + name.length);
    else this.tokens.push({ text: found });
  }

  /** @param {Inline} node @param {number} end */
  #whole(node, end) {
    this.tokens.push({ text: "", whole: node });
    this.#end = end;
  }

  /** The end of `[words](https://…)`. @param {string} found */
  #target(found) {
    TARGET.lastIndex = this.#end;
    const target = this.#counts.get("[") ? TARGET.exec(this.text) : null;
    const href = target && safeHref(target[1]);
    if (!href) {
      this.tokens.push({ text: found });
      return;
    }
    this.#closes("[", { text: "", href });
    this.#end += target[0].length;
  }

  /** @param {string} run of one sign @param {number} at */
  #mark(run, at) {
    const markers = run === "***" ? ["**", "*"] : run === "___" ? ["__", "_"] : [run];
    if (!markers.every((marker) => marker in TYPES)) {
      this.tokens.push({ text: run });
      return;
    }
    const before = this.text[at - 1] ?? " ";
    const after = this.text[this.#end] ?? " ";
    const whole = run === "*" || run[0] === "_"; // of whole words only: 2*3*4 and snake_case_names are none
    const opens = !SPACE.test(after) && !(whole && WORD.test(before));
    const closes = !SPACE.test(before) && !(whole && WORD.test(after));
    if (closes && this.#counts.get(markers[0])) for (const marker of markers.reverse()) this.#closes(marker, { text: marker });
    else if (opens) for (const marker of markers) this.#opens(marker);
    else this.tokens.push({ text: run });
  }

  /** @param {string} marker */
  #opens(marker) {
    const token = { text: marker, type: marker };
    this.tokens.push(token);
    this.#open.push(token);
    this.#counts.set(marker, (this.#counts.get(marker) ?? 0) + 1);
  }

  /** What was opened inside and not closed is text. @param {string} marker @param {Token} end */
  #closes(marker, end) {
    this.tokens.push(end);
    if (!this.#counts.get(marker)) return;
    for (let token = this.#open.pop(); token; token = this.#open.pop()) {
      const type = token.type ?? "";
      this.#counts.set(type, (this.#counts.get(type) ?? 0) - 1);
      if (token.type !== marker) continue;
      token.opens = end.closes = true;
      token.href = end.href;
      return;
    }
  }
}

/** There is no link within a link. @param {Inline} node @returns {Inline} */
const unlinked = (node) => (typeof node === "object" && "href" in node ? node.children[0] : node);

/** @param {Inline[]} children @param {string} text */
function say(children, text) {
  const last = children[children.length - 1];
  if (typeof last === "string") children[children.length - 1] = last + text;
  else children.push(text);
}

/** @param {Token[]} tokens @returns {Inline[]} */
function tree(tokens) {
  /** @type {{children: Inline[], link: boolean}[]} */ const frames = [{ children: [], link: false }];
  let linked = 0;
  for (const { text, type = "", href, opens, closes, whole } of tokens) {
    const { children } = frames[frames.length - 1];
    const link = type === "[";
    if (opens && (frames.length > DEEPEST || (link && linked))) frames.push({ children, link: false });
    else if (opens) {
      const node = { type: TYPES[type], children: [], ...(href && { href }) };
      children.push(node);
      frames.push({ children: node.children, link });
      linked += Number(link);
    } else if (closes) linked -= Number(frames.pop()?.link);
    else if (whole) children.push(linked ? unlinked(whole) : whole);
    else say(children, text);
  }
  return frames[0].children;
}
