/** The part of a room's log that is shown: without gaps, and ending at the newest message or before it. */

import { ApiError } from "./api.js";

const PAGE = 50;
const MOST = 500;
const KEPT = 300;
const SOME = 10; // what is shown before the first unread message

/**
 * @typedef {import("./entry.js").Entry} Entry
 * @typedef {"more" | "all" | "loading" | "failed"} Edge whether there is more beyond that edge of the part
 * @typedef {{messages: Entry[], first_seq: number, head_seq: number, from_seq: number | null, to_seq: number | null}} Page
 *   A page has fewer messages than positions: deletions have some, and long messages make a page shorter.
 */

export class Log {
  /** The messages that are shown, oldest first, at most `MOST`. @type {Entry[]} */ entries = [];
  /** @type {Edge} */ older = "all";
  /** "all": the part ends at the newest message, and live messages are added to it. @type {Edge} */ newer = "all";
  /** The newest messages, while the part that is shown ends before them. @type {Entry[]} */ #newest = [];
  /** Changes when the log is another one, so that pages that are on their way are dropped. */ #life = 0;
  /** The positions that pages have covered beyond the messages that are shown. */ #from = Infinity;
  #to = 0;

  /** @param {(page: {before?: number, after?: number, limit: number}) => Promise<Page>} read @param {() => void} changed */
  constructor(read, changed) {
    this.read = read;
    this.changed = changed;
  }

  /** The position of the newest entry when it began. */ head = 0;

  /** Begin anew, before the history comes. @param {number} head the position of the newest entry */
  reset(head) {
    this.#life += 1;
    this.entries = [];
    this.#newest = [];
    this.#covers();
    this.head = head;
    this.older = head > 0 ? "more" : "all";
    this.newer = "all";
  }

  /** The newest messages that are loaded, whether they are shown or not. */
  get newest() {
    return this.newer === "all" ? this.entries : this.#newest;
  }

  /**
   * Add a live message. The part stays as it is, and ends before the message, if it is long and somebody reads in it.
   * @param {Entry} entry @param {boolean} watched whether somebody looks at the newest messages
   * @returns {boolean} false if it was there
   */
  push(entry, watched) {
    const last = this.newest[this.newest.length - 1];
    if (last && last.seq >= entry.seq) return false;
    if (this.newer === "all" && !watched && this.entries.length >= MOST) this.newer = "more";
    this.newest.push(entry);
    if (entry.seq === 1) this.older = "all";
    if (this.newer !== "all" && this.#newest.length > MOST) this.#newest = this.#newest.slice(-KEPT);
    return true;
  }

  /** @param {number} seq @param {(entry: Entry) => Entry} change */
  change(seq, change) {
    for (const part of [this.entries, this.#newest]) {
      const at = part.findIndex((entry) => entry.seq === seq);
      if (at >= 0) part[at] = change(part[at]);
    }
  }

  /** Load the page before the oldest message that is shown. */
  async loadOlder() {
    if (this.older !== "more" && this.older !== "failed") return;
    const life = this.#life;
    const before = Math.min(this.entries[0]?.seq ?? this.head + 1, this.#from);
    const page = await this.#load("older", { before, limit: PAGE });
    if (!page || life !== this.#life) return;
    const known = this.entries[0]?.seq ?? before; // it may have come meanwhile
    this.entries = [...page.messages.filter(({ seq }) => seq < known), ...this.entries];
    this.older = startsAfterFirst(page) ? "more" : "all";
    this.#from = page.from_seq ?? before;
    if (this.entries.length > MOST) {
      if (this.newer === "all") this.#newest = this.entries.slice(-KEPT);
      this.entries = this.entries.slice(0, MOST);
      this.#to = 0;
      this.newer = "more";
    }
    this.changed();
  }

  /** Load the page after the newest message that is shown. */
  async loadNewer() {
    if (this.newer !== "more" && this.newer !== "failed") return;
    const life = this.#life;
    const after = Math.max(this.entries[this.entries.length - 1].seq, this.#to);
    const page = await this.#load("newer", { after, limit: PAGE });
    if (!page || life !== this.#life) return;
    this.#append(page);
    this.changed();
  }

  /** Show the messages around one. @param {number} seq @returns {Promise<boolean>} false if it is not there */
  async reach(seq) {
    if (this.entries.some((entry) => entry.seq === seq)) return true;
    const life = this.#life;
    const holds = (/** @type {Page} */ { messages }) => messages.some((entry) => entry.seq === seq);
    let page = await this.read({ after: Math.max(0, seq - PAGE), limit: 2 * PAGE });
    if (!holds(page)) page = await this.read({ before: seq + 1, limit: PAGE }); // those before it are long
    if (life !== this.#life || !holds(page)) return false;
    this.#show(page);
    return true;
  }

  /** Show the messages around a place. @param {number} seq @returns {Promise<Entry | null>} the first message after it */
  async reachAfter(seq) {
    const next = () => this.entries.find((entry) => entry.seq > seq) ?? null;
    if (this.entries[0]?.seq <= seq || this.older === "all") return next();
    const life = this.#life;
    const page = await this.read({ after: Math.max(0, seq - SOME), limit: PAGE });
    if (life !== this.#life || !page.messages.some((entry) => entry.seq > seq)) return null;
    this.#show(page);
    return next();
  }

  /** Show a part that begins with this page. @param {Page} page */
  #show(page) {
    if (this.newer === "all") this.#newest = this.entries.slice(-KEPT);
    this.#life += 1;
    this.entries = [];
    this.older = startsAfterFirst(page) ? "more" : "all";
    this.newer = "more";
    this.#covers(page.from_seq ?? Infinity);
    this.#append(page);
    this.changed();
  }

  /** Show the newest messages. */
  toNewest() {
    if (this.newer === "all") return;
    this.#life += 1;
    this.entries = this.#newest;
    this.#newest = [];
    this.#covers();
    this.newer = "all";
    this.older = this.entries[0]?.seq === 1 ? "all" : "more";
    this.changed();
  }

  /** Forget what is far above, since it can be loaded again. */
  trim() {
    if (this.newer !== "all" || this.entries.length <= MOST) return;
    this.entries = this.entries.slice(-KEPT);
    this.#from = Infinity;
    this.older = "more";
  }

  /** Note which positions pages have covered beyond the messages that are shown: by default none. */
  #covers(from = Infinity, to = 0) {
    this.#from = from;
    this.#to = to;
  }

  /** Append a page; where it meets the newest messages, the part ends with them. @param {Page} page */
  #append(page) {
    const next = Math.min(this.#newest[0]?.seq ?? Infinity, page.head_seq + 1);
    const meets = page.to_seq === null || page.to_seq + 1 >= next;
    const found = meets ? [...page.messages, ...this.#newest] : page.messages;
    let last = this.entries[this.entries.length - 1]?.seq ?? 0;
    for (const entry of found) {
      if (entry.seq > last) this.entries.push(entry);
      last = Math.max(last, entry.seq);
    }
    this.newer = meets ? "all" : "more";
    this.#to = meets ? 0 : (page.to_seq ?? 0);
    if (meets) this.#newest = [];
    if (this.entries.length > MOST) {
      this.entries = this.entries.slice(-MOST);
      this.#from = Infinity;
      this.older = "more";
    }
  }

  /** @param {"older" | "newer"} edge @param {{before?: number, after?: number, limit: number}} wanted @returns {Promise<Page | null>} */
  async #load(edge, wanted) {
    const life = this.#life;
    this[edge] = "loading";
    this.changed();
    try {
      return await this.read(wanted);
    } catch (error) {
      if (life !== this.#life) return null;
      this[edge] = error instanceof ApiError && error.absent && edge === "older" ? "all" : "failed";
      this.changed();
      return null;
    }
  }
}

/** @param {Page} page */
const startsAfterFirst = (page) => page.from_seq !== null && page.from_seq > page.first_seq;
