/** A room as the page shows it: its messages, what waits to be sent, who is here, and what was read. */

import { newId, TornchatClient } from "../tornchat-client.js";
import { Log } from "./log.js";

const REDRAW_MS = 16;

/**
 * @typedef {import("./log.js").Entry} Entry
 * @typedef {{id: string, text: string, time: Date, seq: number | null, replyTo: number | undefined, error: {code: string, words: string} | null}} Pending
 */

/** Says "change" when it should be drawn again, and "closed" with the close code when it ended for good. */
export class Room extends EventTarget {
  /** @type {Pending[]} */ pending = [];
  /** @type {Map<string, string>} */ users = new Map();
  /** @type {import("../tornchat-client.js").State} */ connection = { state: "idle" };
  /** @type {number | null} */ dividerSeq = null;
  /** The message that the next one answers. @type {Entry | null} */ replyTo = null;
  /** What is told to screen readers. */
  announcement = "";
  actions = new Set(["join", "send"]);
  welcomed = false;
  /** Where the messages were scrolled to when the room was left. @type {{seq: number, below: number} | null} */ place = null;
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
    this.log = new Log((page) => this.#page(page), () => this.#changed());
    this.readSeq = chat.marks.seq(name);
  }

  // --- entering and leaving -----------------------------------------------------------------------------------------

  /** Connect; what was not sent when it was left is sent now. */
  enter() {
    const { base } = this.chat;
    const token = () => this.chat.session?.token; // it may be another one by then
    const client = new TornchatClient({ base, room: this.name, token, position: this.#position });
    const on = (type, act) => client.addEventListener(type, ({ detail }) => this.#client === client && act(detail));
    on("state", (state) => this.#onState(state));
    on("welcome", (welcome) => this.#onWelcome(welcome));
    on("message", (message) => this.#onMessage(message));
    on("changed", (changed) => this.#onEdited(changed));
    on("appended", ({ seq, position }) => this.#onGrown(seq, position));
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
      this.log.reset(welcome.seq);
      this.#epoch = welcome.epoch;
      this.readSeq = this.chat.marks.seq(this.name, welcome.epoch);
    }
    if (!this.#entered) this.dividerSeq = this.readSeq && this.readSeq < welcome.seq ? this.readSeq : null;
    this.#entered = true;
    this.liveAfter = welcome.seq;
    void this.#readRights(); // now, since the room may not have been there before
    this.#changed();
  }

  #onMessage(message) {
    const entry = this.#entry(message);
    const watched = this.watched();
    this.#recount(entry.thread);
    if (!this.log.push(entry, watched)) return; // it was loaded while it was on its way
    if (entry.mine) this.#matchPending(entry);
    else if (entry.seq > this.liveAfter && !this.hides(entry)) this.#announce(entry);
    if (!watched && this.unread === 1 && entry.seq > this.liveAfter) this.dividerSeq = this.readSeq;
    if (watched) this.#read();
    this.#changed();
  }

  /** @returns {Entry} */
  #entry({ seq, message, sender_id, sender_username, timestamp, deleted = message === "", position = seq, ...more }) {
    const mine = sender_id === this.chat.me.id;
    const time = new Date(timestamp);
    const said = { replyTo: more.reply_to ?? null, thread: more.thread ?? null, replies: more.replies?.count ?? 0 };
    return { seq, text: message, senderId: sender_id, sender: sender_username, time, deleted, mine, position, ...said };
  }

  /** A thread has one message more or less. @param {number | null | undefined} thread */
  #recount(thread) {
    const replies = this.#client?.messages.get(thread)?.replies?.count;
    if (replies !== undefined) this.log.change(thread, (entry) => (entry.replies === replies ? entry : { ...entry, replies }));
  }

  #onEdited({ seq, position, message }) {
    if (message === undefined) return;
    const news = (entry) => !entry.deleted && entry.position < position;
    this.log.change(seq, (entry) => (news(entry) ? { ...entry, text: message, position } : entry));
    this.#changed();
  }

  /** A streamed message has grown: the client has its whole text. @param {number} seq @param {number} position */
  #onGrown(seq, position) {
    const message = this.#client?.messages.get(seq)?.message;
    if (message) this.#onEdited({ seq, position, message });
  }

  async #page(wanted) {
    const page = await this.chat.api.messages(this.name, wanted);
    return { ...page, messages: page.messages.map((message) => this.#entry(message)) };
  }

  #onDeleted(seq) {
    this.log.change(seq, (entry) => ({ ...entry, text: "", deleted: true, replyTo: null }));
    this.#recount(this.#client?.messages.get(seq)?.thread);
    if (this.replyTo?.seq === seq) this.replyTo = null;
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

  /** What was begun and not sent. It is kept over a reload of the page. */
  get draft() {
    return this.chat.drafts.get(this.name);
  }

  set draft(text) {
    this.chat.drafts.set(this.name, text);
  }

  /** Whether one may write: not after a mute or a ban, nor where there is no room. */
  get writable() {
    return this.actions.has("send") && this.connection.state !== "closed";
  }

  // --- sending ------------------------------------------------------------------------------------------------------

  /** Let the next message answer this one; null: none. @param {Entry | null} entry */
  reply(entry) {
    this.replyTo = entry;
    this.dispatchEvent(new Event("write"));
    this.#changed();
  }

  /** @param {string} text */
  send(text) {
    const pending = { id: newId(), text, time: new Date(), seq: null, replyTo: this.replyTo?.seq, error: null };
    this.pending.push(pending);
    this.replyTo = null;
    this.log.toNewest();
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
    this.#client?.send(pending.text, pending.id, { reply_to: pending.replyTo }).then(
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

  // --- reading ------------------------------------------------------------------------------------------------------

  /** Somebody may have come to the newest messages: then they are read. */
  look() {
    if (this.watched() && this.#read()) this.#changed();
  }

  /** @returns {boolean} something was not read before */
  #read() {
    const last = this.log.entries[this.log.entries.length - 1];
    if (!last || last.seq <= this.readSeq) return false;
    this.log.trim();
    this.readSeq = last.seq;
    this.chat.marks.read(this.name, this.#epoch, last.seq);
    return true;
  }

  /** Messages of others that were not read. */
  get unread() {
    let count = 0;
    const { newest } = this.log;
    for (let at = newest.length - 1; at >= 0 && newest[at].seq > this.readSeq; at -= 1) {
      const entry = newest[at];
      if (!entry.mine && !entry.deleted && !this.hides(entry)) count += 1;
    }
    return count;
  }

  /** Whether its sender is blocked. @param {Entry} entry */
  hides(entry) {
    return this.chat.blocked.has(entry.senderId);
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
