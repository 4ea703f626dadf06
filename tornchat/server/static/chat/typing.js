/** Who is typing: for eight seconds after the last sign, or until their message is there. */

import { html, useStore } from "./html.js";
import { words } from "./strings.js";

const SHOWN_MS = 8_000;
const TOLD_MS = 3_000;
const MOST_NAMES = 3;

/** Says "change" when others are typing, or the same ones not any more. */
export class Typing extends EventTarget {
  /** When each user is not typing any more, by thread (0: none) and id. @type {Map<string, {thread: number, id: string, timer: number}>} */
  #typing = new Map();
  #toldAt = 0;

  /** @param {number} thread the place of the first message, 0: in no thread @returns {string[]} ids */
  in(thread) {
    return [...this.#typing.values()].filter((one) => one.thread === thread).map(({ id }) => id);
  }

  /** @param {string} id @param {number} [thread] */
  heard(id, thread = 0) {
    const key = `${thread} ${id}`;
    const known = this.#typing.get(key);
    clearTimeout(known?.timer);
    this.#typing.set(key, { thread, id, timer: setTimeout(() => this.#end(key), SHOWN_MS) });
    if (!known) this.#changed();
  }

  /** A message of this user is there, or the user has left. @param {string} id */
  ended(id) {
    for (const [key, one] of this.#typing) if (one.id === id) this.#end(key);
  }

  clear() {
    for (const key of [...this.#typing.keys()]) this.#end(key);
  }

  /** Something was typed here: tell the others, but not with each key. @param {() => boolean | undefined} tell */
  typed(tell) {
    if (Date.now() - this.#toldAt < TOLD_MS) return;
    if (tell()) this.#toldAt = Date.now();
  }

  /** What was typed is sent: the next key begins anew. */
  sent() {
    this.#toldAt = 0;
  }

  /** @param {string} key */
  #end(key) {
    clearTimeout(this.#typing.get(key)?.timer);
    if (this.#typing.delete(key)) this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {{feed: import("./feed.js").Feed, children: any}} props   `children` is shown while nobody types. */
export function WhoTypes({ feed, children }) {
  useStore(feed.room.typing);
  const ids = feed.room.typing.in(feed.extras.thread ?? 0).filter((id) => id !== feed.chat.me.id && !feed.chat.blocked.has(id));
  if (!ids.length) return children;
  const names = ids.slice(0, MOST_NAMES).map((id) => feed.room.nameOf(id));
  return html`<span class="typing"><span class="dots" aria-hidden="true"><i></i><i></i><i></i></span>
    <bdi>${words.typing(names, ids.length - names.length)}</bdi></span>`;
}
