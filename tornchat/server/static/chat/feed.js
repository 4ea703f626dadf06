/** Messages that are read and answered in one place: those of a room, or those of a thread. */

import { Log } from "./log.js";
import { EVERYBODY, mentionsIn } from "./mentions.js";
import { Outbox } from "./outbox.js";

const REDRAW_MS = 16;

/** @typedef {import("./entry.js").Entry} Entry */

/** Says "change" when its messages should be drawn again, and "write" when the composer should have the focus. */
export class Feed extends EventTarget {
  /** The message that the next one answers. @type {Entry | null} */ replyTo = null;
  /** The message that gets another text. @type {Entry | null} */ editing = null;
  /** A message that is to be brought into sight. @type {{seq: number, block: ScrollLogicalPosition} | null} */ target = null;
  /** The message that somebody looked for. @type {number | null} */ found = null;
  /** Where the messages were scrolled to when they were left. @type {{seq: number, below: number} | null} */ place = null;
  /** What comes after it is new. @type {number | null} */ dividerSeq = null;
  readSeq = 0;
  /** Messages up to it are history. */
  liveAfter = Infinity;
  /** Whether somebody looks at the newest messages now; the page answers, which has them in a box. */
  watched = () => false;
  #redraw = 0;

  /** @param {import("./chat.js").Chat} chat @param {(wanted: object) => Promise<import("./log.js").Page>} read */
  constructor(chat, read) {
    super();
    this.chat = chat;
    this.log = new Log(read, () => this.changed());
    this.outbox = new Outbox(() => this.client, () => this.changed());
  }

  // --- what a room and a thread answer differently -------------------------------------------------------------------

  /** @returns {import("../client/tornchat-client.js").TornchatClient | null} */
  get client() {
    return null;
  }

  /** What each message from here says beyond its text. */
  get extras() {
    return {};
  }

  /** What was begun and not sent. It is kept over a reload of the page. */
  get draft() {
    return this.chat.drafts.get(this.draftKey);
  }

  set draft(text) {
    this.chat.drafts.set(this.draftKey, text);
  }

  // --- writing --------------------------------------------------------------------------------------------------------

  /** Let the next message answer this one; null: none. @param {Entry | null} entry */
  reply(entry) {
    this.editing = null;
    this.replyTo = entry;
    this.#write();
  }

  /** Let what is written next replace the text of this message; null: not any more. @param {Entry | null} entry */
  edit(entry) {
    this.replyTo = null;
    this.editing = entry;
    this.#write();
  }

  /** Edit the user's newest message. @returns {boolean} false if there is none */
  editLast() {
    const last = this.log.newest.findLast(({ mine, deleted }) => mine && !deleted);
    if (last) this.edit(last);
    return Boolean(last);
  }

  /** Who types on at once types into the right text. */
  #write() {
    this.dispatchEvent(new Event("write"));
    this.dispatchEvent(new Event("change"));
  }

  /** Send a message, or the new text of the one that is edited. @param {string} text */
  send(text) {
    const { editing } = this;
    this.editing = null;
    if (editing) {
      if (text.trim() !== editing.text) this.outbox.edit(editing, text);
      this.changed();
      return;
    }
    this.room.typing.sent();
    const reply_to = this.replyTo?.seq;
    this.replyTo = null;
    this.log.toNewest();
    this.dividerSeq = null;
    this.outbox.send(text, { ...this.extras, reply_to, mentions: mentionsIn(text, this.room.people()) });
  }

  /** Something was typed: the others are told that more comes. */
  typed() {
    if (!this.editing) this.room.typing.typed(() => this.client?.typing(this.extras.thread));
  }

  /** Give a refused message back to who wrote it. @param {import("./outbox.js").Pending} pending */
  takeBack(pending) {
    this.outbox.discard(pending);
    this.dispatchEvent(new CustomEvent("back", { detail: pending.text }));
  }

  /** What is shown below the messages. */
  get unsent() {
    return this.outbox.unsent;
  }

  // --- what happens to messages ---------------------------------------------------------------------------------------

  /** @param {number} seq @param {(entry: Entry) => Entry} change */
  change(seq, change) {
    this.log.change(seq, change);
    if (this.editing?.seq === seq && change(this.editing).deleted) this.editing = null;
    if (this.replyTo?.seq === seq && change(this.replyTo).deleted) this.replyTo = null;
    this.changed();
  }

  /** Bring a message into sight, wherever it is. @param {number} seq @returns {Promise<boolean>} false if it is not there */
  async reach(seq) {
    this.found = null;
    if (!(await this.log.reach(seq))) return false;
    this.found = seq;
    this.target = { seq, block: "center" };
    this.changed();
    return true;
  }

  /** Somebody may have come to the newest messages. */
  look() {}

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

  /** Whether the user is mentioned in it. @param {Entry} entry */
  mentionsMe(entry) {
    return !entry.mine && (entry.mentionsRoom || entry.mentioned.includes(this.chat.me.id));
  }

  /** The names that are mentioned in a message, longest first. @param {Entry} entry */
  namesIn({ mentioned, mentionsRoom }) {
    const names = mentioned.map((id) => this.nameOf(id));
    return [...names, ...(mentionsRoom ? [EVERYBODY] : [])].sort((a, b) => b.length - a.length);
  }

  /** Whether it came while the page was open. @param {Entry} entry */
  isLive(entry) {
    return entry.seq > this.liveAfter;
  }

  /** Whether its sender is blocked. @param {Entry} entry */
  hides(entry) {
    return this.chat.blocked.has(entry.senderId);
  }

  /** Draw once for all that comes in a moment. */
  changed() {
    this.#redraw ||= setTimeout(() => {
      this.#redraw = 0;
      this.beforeDrawing();
      this.dispatchEvent(new Event("change"));
    }, REDRAW_MS);
  }

  beforeDrawing() {}
}
