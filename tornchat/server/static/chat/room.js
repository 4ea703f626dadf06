/** A room as the page shows it: its messages, what waits to be sent, who is here, and what was read. */

import { newId, TornchatClient } from "../tornchat-client.js";

const REDRAW_MS = 16;
const PAGE = 50;
const JUMP_PAGE = 200;
const MOST_JUMP_PAGES = 25;
const MOST_ENTRIES = 1500;
const KEPT_ENTRIES = 1000;

/**
 * @typedef {{seq: number, text: string, senderId: string, sender: string, time: Date, deleted: boolean, mine: boolean, position: number}} Entry
 * @typedef {{id: string, text: string, time: Date, seq: number | null, error: {code: string, words: string} | null}} Pending
 */

/** Says "change" when it should be drawn again, and "closed" with the close code when it ended for good. */
export class Room extends EventTarget {
  /** @type {Entry[]} */ entries = [];
  /** @type {Pending[]} */ pending = [];
  /** @type {Map<string, string>} */ users = new Map();
  /** @type {import("../tornchat-client.js").State} */ connection = { state: "idle" };
  /** @type {"more" | "all" | "loading" | "failed"} */ older = "all";
  /** @type {number | null} */ dividerSeq = null;
  /** What is told to screen readers. */
  announcement = "";
  actions = new Set(["join", "send"]);
  welcomed = false;
  draft = "";
  /** Whether somebody looks at the newest messages now; the page answers, which has them in a box. */
  watched = () => false;
  #client = null;
  #position;
  #epoch = "";
  #entered = false;
  #redraw = 0;
  /** @type {string[]} */ #unannounced = [];

  /** @param {import("./chat.js").Chat} chat @param {string} name */
  constructor(chat, name) {
    super();
    this.chat = chat;
    this.name = name;
    this.readSeq = chat.marks.seq(name);
  }

  // --- entering and leaving -----------------------------------------------------------------------------------------

  /** Connect; what was not sent when it was left is sent now. */
  enter() {
    const { base, session } = this.chat;
    const client = new TornchatClient({ base, room: this.name, token: session.token, position: this.#position });
    const on = (type, act) => client.addEventListener(type, ({ detail }) => this.#client === client && act(detail));
    on("state", (state) => this.#onState(state));
    on("welcome", (welcome) => this.#onWelcome(welcome));
    on("message", (message) => this.#onMessage(message));
    on("changed", (changed) => this.#onEdited(changed));
    on("deleted", ({ seq }) => this.#onDeleted(seq));
    on("users", ({ users }) => this.#onUsers(users));
    on("join", ({ user_id, username }) => this.#onPresence(() => this.users.set(user_id, username)));
    on("leave", ({ user_id }) => this.#onPresence(() => this.users.delete(user_id)));
    on("error", ({ error }) => this.chat.toast(error, "danger"));
    this.#client = client;
    this.#entered = false;
    client.connect();
    for (const pending of this.pending) if (pending.error?.code === "closed") this.#deliver(pending);
  }

  leave() {
    const client = this.#client;
    this.#client = null;
    if (client?.position) this.#position = client.position;
    client?.close();
    this.users.clear();
    this.connection = { state: "idle" };
  }

  /** Don't wait for the next attempt. After a final close: another try. */
  retry() {
    if (this.connection.state !== "closed") {
      this.#client?.connect();
      return;
    }
    this.leave();
    this.enter();
  }

  /** The user's own rights, if the server tells them. */
  async #readRights() {
    try {
      this.actions = new Set((await this.chat.api.rights(this.name)).actions);
      this.#changed();
    } catch {
      // the server checks every action anyway; without an answer nothing more is offered
    }
  }

  // --- what is told -------------------------------------------------------------------------------------------------

  #onState(state) {
    this.connection = state;
    this.#changed();
    if (state.state === "closed" && state.code) this.dispatchEvent(new CustomEvent("closed", { detail: state.code }));
  }

  #onWelcome(welcome) {
    this.welcomed = true;
    if (!welcome.recovered) {
      this.entries = [];
      this.older = welcome.seq > 0 ? "more" : "all";
      this.#epoch = welcome.epoch;
      this.readSeq = this.chat.marks.seq(this.name, welcome.epoch);
      this.headSeq = welcome.seq;
    }
    if (!this.#entered) this.dividerSeq = this.readSeq && this.readSeq < welcome.seq ? this.readSeq : null;
    this.#entered = true;
    this.liveAfter = welcome.seq;
    void this.#readRights(); // now, since the room may not have been there before
    this.#changed();
  }

  #onMessage(message) {
    const entry = this.#entry(message);
    const last = this.entries[this.entries.length - 1];
    if (last && last.seq >= entry.seq) return; // it was loaded while it was on its way
    this.entries.push(entry);
    if (entry.seq === 1) this.older = "all";
    if (entry.mine) this.#matchPending(entry);
    else if (entry.seq > this.liveAfter) this.#announce(entry);
    const watched = this.watched();
    if (!watched && this.unread === 1 && entry.seq > this.liveAfter) this.dividerSeq = this.readSeq;
    if (watched) this.#read();
    this.#changed();
  }

  /** @returns {Entry} */
  #entry({ seq, message, sender_id, sender_username, timestamp, deleted = message === "", position = seq }) {
    const mine = sender_id === this.chat.me.id;
    const time = new Date(timestamp);
    return { seq, text: message, senderId: sender_id, sender: sender_username, time, deleted, mine, position };
  }

  #onEdited({ seq, position, message }) {
    const at = this.entries.findIndex((entry) => entry.seq === seq && !entry.deleted && entry.position < position);
    if (at < 0 || message === undefined) return;
    this.entries[at] = { ...this.entries[at], text: message, position };
    this.#changed();
  }

  #onDeleted(seq) {
    const at = this.entries.findIndex((entry) => entry.seq === seq);
    if (at >= 0) this.entries[at] = { ...this.entries[at], text: "", deleted: true };
    this.#changed();
  }

  #onUsers(users) {
    this.users = new Map(users.map(({ id, username }) => [id, username]));
    this.#changed();
  }

  #onPresence(change) {
    change();
    this.#changed();
  }

  // --- sending ------------------------------------------------------------------------------------------------------

  /** @param {string} text */
  send(text) {
    const pending = { id: newId(), text, time: new Date(), seq: null, error: null };
    this.pending.push(pending);
    this.dividerSeq = null;
    this.#deliver(pending);
  }

  /** @param {Pending} pending */
  resend(pending) {
    if (pending.error?.code === "conflict") pending.id = newId();
    this.#deliver(pending);
  }

  /** Give it back to who wrote it. @param {Pending} pending */
  edit(pending) {
    this.discard(pending);
    this.dispatchEvent(new CustomEvent("edit", { detail: pending.text }));
  }

  /** @param {Pending} pending */
  discard(pending) {
    this.pending = this.pending.filter((other) => other !== pending);
    this.#changed();
  }

  /** @param {Pending} pending */
  #deliver(pending) {
    pending.error = null;
    this.#changed();
    this.#client?.send(pending.text, pending.id).then(
      () => this.discard(pending),
      ({ code, message }) => {
        pending.error = { code, words: message };
        this.#changed();
      },
    );
  }

  /** One's own message comes before its ack; it is not to be seen twice in between. @param {Entry} entry */
  #matchPending(entry) {
    const match = this.pending.find((pending) => !pending.seq && !pending.error && pending.text === entry.text);
    if (match) match.seq = entry.seq;
  }

  /** What is shown below the messages. */
  get unsent() {
    return this.pending.filter((pending) => !pending.seq || pending.error);
  }

  // --- the past -----------------------------------------------------------------------------------------------------

  /** Load the page before the oldest message that is shown. */
  async loadOlder(limit = PAGE) {
    if (this.older !== "more" && this.older !== "failed") return;
    this.older = "loading";
    this.#changed();
    const epoch = this.#epoch;
    const before = this.entries[0]?.seq ?? this.headSeq + 1;
    try {
      const page = await this.chat.api.messages(this.name, { before, limit });
      if (epoch !== this.#epoch) return;
      const known = this.entries[0]?.seq ?? before; // it may have come meanwhile
      const found = page.messages.map((message) => this.#entry(message)).filter(({ seq }) => seq < known);
      this.entries = [...found, ...this.entries];
      this.older = page.messages.length && page.messages[0].seq > page.first_seq ? "more" : "all";
    } catch (error) {
      this.older = error.absent ? "all" : "failed";
    }
    this.#changed();
  }

  /** Load what is needed to show an entry. @param {number} seq @returns {Promise<boolean>} it is there */
  async reach(seq) {
    for (let page = 0; page < MOST_JUMP_PAGES && (this.entries[0]?.seq ?? Infinity) > seq; page += 1) {
      if (this.older === "all" || this.older === "failed") break;
      await this.loadOlder(JUMP_PAGE);
    }
    return this.entries.some((entry) => entry.seq === seq);
  }

  /** Forget what is far above: it can be loaded again. */
  #trim() {
    if (this.entries.length <= MOST_ENTRIES) return;
    this.entries = this.entries.slice(-KEPT_ENTRIES);
    this.older = "more";
  }

  // --- reading ------------------------------------------------------------------------------------------------------

  /** Somebody may have come to the newest messages: then they are read. */
  look() {
    if (this.watched() && this.#read()) this.#changed();
  }

  /** @returns {boolean} something was not read before */
  #read() {
    const last = this.entries[this.entries.length - 1];
    if (!last || last.seq <= this.readSeq) return false;
    this.#trim();
    this.readSeq = last.seq;
    this.chat.marks.read(this.name, this.#epoch, last.seq);
    return true;
  }

  /** Messages of others that were not read. */
  get unread() {
    let count = 0;
    for (let at = this.entries.length - 1; at >= 0 && this.entries[at].seq > this.readSeq; at -= 1) {
      if (!this.entries[at].mine && !this.entries[at].deleted) count += 1;
    }
    return count;
  }

  /** @param {Entry} entry */
  #announce(entry) {
    this.#unannounced.push(`${entry.sender}: ${entry.text.slice(0, 300)}`);
  }

  /** Draw once for all that comes in a moment. */
  #changed() {
    this.#redraw ||= setTimeout(() => {
      this.#redraw = 0;
      const news = this.#unannounced.splice(0);
      if (news.length) this.announcement = news.length > 3 ? `${news.length} new messages` : news.join("\n");
      this.dispatchEvent(new Event("change"));
    }, REDRAW_MS);
  }
}
