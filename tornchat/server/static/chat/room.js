/** A room as the page shows it: its connection, its messages, who is here, and what was read. */

import { TornchatClient } from "../client/tornchat-client.js";
import { edited, entryOf, erased, reacted } from "./entry.js";
import { Feed } from "./feed.js";
import { Reactions } from "./reactions.js";
import { ReadMarker } from "./readmarker.js";
import { Slow } from "./slowmode.js";
import { words } from "./strings.js";
import { Thread } from "./thread.js";
import { Typing } from "./typing.js";

const ROSTER_MS = 100;

/** @typedef {import("./entry.js").Entry} Entry */

/** Says also "closed" with the close code when the connection ended for good, and "people" when somebody came or left. */
export class Room extends Feed {
  /** @type {Map<string, string>} */ users = new Map();
  /** @type {import("../client/tornchat-client.js").State} */ connection = { state: "idle" };
  /** What is told to screen readers. */
  announcement = "";
  actions = new Set(["join", "send"]);
  welcomed = false;
  /** The thread that is shown beside the room. @type {Thread | null} */ thread = null;
  /** When the first message that was not read came, if one begins to read there. @type {Date | null} */ since = null;
  slow = new Slow();
  typing = new Typing();
  marker = new ReadMarker(() => this.#client);
  /** The user's role in it. @type {string | null} */ role = null;
  about = { title: "", topic: "", kind: "open" };
  #client = null;
  #position;
  #epoch = "";
  #entered = false;
  #awaited = 0;
  #toldUnread = 0;
  #roster = 0;
  #unloaded = 0; // unread messages before those that are loaded
  /** How far others have read, by id, where the server tells that. @type {Map<string, number>} */ seen = new Map();
  /** @type {string[]} */ #unannounced = [];
  /** By their first message. @type {Map<number, Thread>} */ #threads = new Map();

  /** @param {import("./chat.js").Chat} chat @param {string} name */
  constructor(chat, name) {
    super(chat, (page) => this.#page(page));
    this.name = name;
    this.draftKey = name;
    this.readSeq = chat.marks.seq(name);
    this.reactions = new Reactions(this);
  }

  get client() {
    return this.#client;
  }

  /** Where the messages are stored. */
  get room() {
    return this;
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
    on("changed", (changed) => this.change(changed.seq, (entry) => edited(entry, changed, this.chat.me.id)));
    on("appended", ({ seq, position }) => this.#onGrown(seq, position));
    on("marked", (marked) => this.change(marked.seq, (entry) => reacted(entry, marked, this.chat.me.id)));
    on("deleted", ({ seq }) => this.#onDeleted(seq));
    on("caughtup", () => this.#onCaughtUp());
    on("users", ({ users }) => this.#onPeople(() => (this.users = new Map(users.map(({ id, username }) => [id, username])))));
    on("join", ({ user_id, username }) => this.#onPeople(() => this.users.set(user_id, username)));
    on("leave", ({ user_id }) => this.#onGone(user_id));
    on("typing", ({ user_id, thread }) => this.typing.heard(user_id, thread));
    on("read", ({ seq }) => this.#onRead(seq));
    on("readstate", ({ user_id, seq }) => this.#onSeen(user_id, seq));
    on("room", (about) => this.describe(about));
    on("error", ({ error }) => this.chat.toast(error, "danger"));
    this.#client = client;
    this.#entered = false;
    this.liveAfter = Infinity;
    client.connect();
    for (const { outbox } of [this, ...this.#threads.values()]) outbox.redeliver();
  }

  leave() {
    const client = this.#client;
    this.marker.flush();
    this.typing.clear();
    this.#client = null;
    if (client?.position) this.#position = client.position;
    client?.close();
    this.users.clear();
    this.found = null;
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

  /** The user's own rights, and the slow mode, if the server tells them. */
  async #readRights() {
    const { api } = this.chat;
    try {
      const [{ actions, role }, about] = await Promise.all([api.rights(this.name), api.room(this.name)]);
      this.actions = new Set(actions);
      this.role = role;
      this.slow.seconds = about.slow_seconds;
      this.describe(about);
    } catch {
      // the server checks every action anyway; without an answer nothing more is offered
    }
  }

  /** The room says something else of itself. @param {Partial<Room["about"]>} about */
  describe({ title = this.about.title, topic = this.about.topic, kind = this.about.kind }) {
    this.about = { title, topic, kind };
    this.dispatchEvent(new Event("people")); // it stands above them
    this.changed();
  }

  /** The name that people read. */
  get label() {
    return this.about.title || (this.about.kind === "direct" && this.chat.directs.nameOf(this.name)) || this.name;
  }

  /** Whether one may write: not after a mute or a ban, nor where there is no room. */
  get writable() {
    return this.actions.has("send") && this.connection.state !== "closed";
  }

  // --- what is told -------------------------------------------------------------------------------------------------

  #onState(state) {
    this.connection = state;
    this.changed();
    if (state.state === "closed" && state.code) this.dispatchEvent(new CustomEvent("closed", { detail: state.code }));
  }

  #onWelcome(welcome) {
    this.welcomed = true;
    if (!welcome.recovered) {
      this.log.reset(welcome.seq);
      this.#epoch = welcome.epoch;
      this.readSeq = welcome.read_seq ?? this.chat.marks.seq(this.name, welcome.epoch);
      this.seen.clear();
    }
    this.#unloaded = this.readSeq ? (welcome.unread ?? 0) : 0;
    this.marker.welcomed(welcome.read_seq, welcome.recovered);
    if (!this.#entered) this.dividerSeq = this.readSeq && this.readSeq < welcome.seq ? this.readSeq : null;
    this.liveAfter = welcome.seq;
    if (!welcome.recovered) for (const thread of this.#threads.values()) void thread.load();
    void this.#readRights(); // now, since the room may not have been there before
    this.changed();
  }

  /** Begin at the first message that was not read, unless somebody has read elsewhere here before. */
  #onCaughtUp() {
    const first = !this.#entered;
    this.#entered = true;
    this.#unloaded = Math.max(0, this.#unloaded - this.log.newest.filter(({ seq }) => seq > this.readSeq).length);
    if (this.#awaited) {
      this.awaits(this.#awaited);
      this.#awaited = 0;
      return;
    }
    if (first && this.dividerSeq !== null && !this.place && !this.target && !this.found) void this.toFirstUnread();
    else this.look();
  }

  #onMessage(message) {
    const entry = entryOf(message, this.chat.me.id);
    const watched = this.watched();
    this.#recount(entry.thread);
    if (!this.log.push(entry, watched)) return; // it was loaded while it was on its way
    this.typing.ended(entry.senderId);
    if (entry.thread) this.#threads.get(entry.thread)?.push(entry);
    if (entry.mine) this.#onOwn(entry);
    else if (entry.seq > this.liveAfter && !this.hides(entry)) this.#announce(entry);
    if (!watched && this.unread === 1 && entry.seq > this.liveAfter) this.dividerSeq = this.readSeq;
    if (watched) this.#read();
    this.changed();
  }

  /** @param {Entry} entry */
  #onOwn(entry) {
    if (!entry.thread) this.outbox.match(entry);
    if (entry.seq > this.liveAfter) this.slow.sent();
  }

  change(seq, change) {
    super.change(seq, change);
    for (const thread of this.#threads.values()) thread.change(seq, change);
  }

  /** A thread has one message more or less. @param {number | null | undefined} thread */
  #recount(thread) {
    const replies = this.#client?.messages.get(thread)?.replies?.count;
    if (replies !== undefined) this.change(thread, (entry) => (entry.replies === replies ? entry : { ...entry, replies }));
  }

  /** A streamed message has grown: the client has its whole text. @param {number} seq @param {number} position */
  #onGrown(seq, position) {
    const message = this.#client?.messages.get(seq)?.message;
    if (!message) return;
    this.change(seq, (entry) => edited(entry, { seq, position, revision: entry.revision, message }, this.chat.me.id));
  }

  async #page(wanted) {
    const page = await this.chat.api.messages(this.name, wanted);
    return { ...page, messages: page.messages.map((message) => entryOf(message, this.chat.me.id)) };
  }

  #onDeleted(seq) {
    this.change(seq, erased);
    this.#recount(this.#client?.messages.get(seq)?.thread);
  }

  /** @param {string} id */
  #onGone(id) {
    this.typing.ended(id);
    this.#onPeople(() => this.users.delete(id));
  }

  #onPeople(change) {
    change();
    this.#roster ||= setTimeout(() => {
      this.#roster = 0;
      this.dispatchEvent(new Event("people"));
    }, ROSTER_MS);
  }

  /** Ids and names of those who are here, or have written something that is loaded. */
  people() {
    return new Map([...this.log.entries.map(({ senderId, sender }) => [senderId, sender]), ...this.users]);
  }

  /** The name of a user who is here, or has written something that is loaded. @param {string} id */
  nameOf(id) {
    return this.users.get(id) ?? this.log.entries.findLast(({ senderId }) => senderId === id)?.sender ?? id;
  }

  /** Show a thread beside the room; null: none. @param {number | null} seq the place of its first message */
  openThread(seq) {
    this.thread = seq === null ? null : (this.#threads.get(seq) ?? new Thread(this, seq));
    if (this.thread) this.#threads.set(this.thread.seq, this.thread);
    this.changed();
  }

  // --- reading ------------------------------------------------------------------------------------------------------

  /** Bring a message into sight as soon as the history is there. @param {number} seq */
  awaits(seq) {
    if (this.#entered) void this.chat.attempt(async () => (await this.reach(seq)) || this.chat.toast(words.gone));
    else this.#awaited = seq;
  }

  async toFirstUnread() {
    const after = this.dividerSeq;
    if (after === null) return;
    const entry = await this.log.reachAfter(after).catch(() => null);
    if (!entry || this.dividerSeq !== after) return;
    this.since = entry.time;
    this.target = { seq: entry.seq, block: "start" };
    this.changed();
  }

  /** Somebody may have come to the newest messages: then they are read. */
  look() {
    if (this.watched() && this.#read()) this.changed();
  }

  /** Take all messages as read, wherever they are. */
  markRead() {
    this.log.toNewest();
    this.#read();
    this.dividerSeq = null;
    if (this.log.entries.length) this.target = { seq: this.log.entries[this.log.entries.length - 1].seq, block: "end" };
    this.changed();
  }

  /** @returns {boolean} something was not read before */
  #read() {
    const { newest } = this.log;
    const last = newest[newest.length - 1];
    if (!this.#entered) return false; // where one begins to read is not known yet
    if (!last || last.seq <= this.readSeq) return false;
    this.log.trim();
    this.since = null;
    this.readSeq = last.seq;
    this.#unloaded = 0;
    if (!last.mine) this.marker.move(last.seq); // the server moves it with what one says
    this.chat.hasRead(this.name, this.#epoch, last.seq);
    return true;
  }

  /** The user has read here on another device. @param {number} seq */
  #onRead(seq) {
    if (seq <= this.readSeq) return; // what was told here comes back
    this.readSeq = seq;
    this.#unloaded = 0;
    this.since = null;
    this.changed();
  }

  /** Somebody else has read up to this entry. @param {string} id @param {number} seq */
  #onSeen(id, seq) {
    if (id === this.chat.me.id) return;
    this.seen.set(id, seq);
    this.changed();
  }

  /** Those who have read the user's newest message, where the server tells that. @returns {{seq: number, names: string[]} | null} */
  get seenBy() {
    const last = this.seen.size ? this.log.newest.at(-1) : undefined;
    if (!last?.mine) return null;
    const names = [...this.seen].filter(([, seq]) => seq >= last.seq).map(([id]) => this.nameOf(id));
    return names.length ? { seq: last.seq, names } : null;
  }

  /** Messages of others that were not read, those that are not loaded included. */
  get unread() {
    return super.unread + this.#unloaded;
  }

  /** @param {Entry} entry */
  #announce(entry) {
    this.#unannounced.push(`${entry.sender}: ${entry.text.slice(0, 300)}`);
  }

  /** Begin to write to somebody. @param {string} name */
  mention(name) {
    this.dispatchEvent(new CustomEvent("back", { detail: `@${name} ` }));
  }

  beforeDrawing() {
    const { unread } = this;
    if (unread !== this.#toldUnread) this.chat.roomsChanged();
    this.#toldUnread = unread;
    const news = this.#unannounced.splice(0);
    if (news.length) this.announcement = news.length > 3 ? words.newMessages(news.length) : news.join("\n");
  }
}
