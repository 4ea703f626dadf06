/** The messages in the thread of one message, beside the room that they are in. */

import { entryOf } from "./entry.js";
import { Feed } from "./feed.js";

export class Thread extends Feed {
  /** The message that began it; null until it is known. @type {import("./entry.js").Entry | null} */ root = null;

  /** @param {import("./room.js").Room} room @param {number} seq the place of its first message */
  constructor(room, seq) {
    super(room.chat, (wanted) => this.#page(wanted));
    this.room = room;
    this.seq = seq;
    this.draftKey = `${room.name}#${seq}`; // no room has such a name
    void this.load();
  }

  /** Read it anew, as after a gap in the room. */
  async load() {
    const { room, seq } = this;
    this.log.reset(room.log.newest.at(-1)?.seq ?? room.liveAfter);
    this.root = room.log.entries.find((entry) => entry.seq === seq) ?? this.root;
    const [message] = await Promise.all([this.root ? null : room.chat.api.message(room.name, seq).catch(() => null), this.log.loadOlder()]);
    if (message) this.root = entryOf(message, room.chat.me.id);
    this.changed();
  }

  async #page(wanted) {
    const { room } = this;
    const page = await room.chat.api.thread(room.name, this.seq, wanted);
    return { ...page, messages: page.messages.map((message) => entryOf(message, room.chat.me.id)) };
  }

  /** A message of the room that belongs here. @param {import("./entry.js").Entry} entry */
  push(entry) {
    if (!this.log.push(entry, this.watched())) return;
    if (entry.mine) this.outbox.match(entry);
    this.changed();
  }

  change(seq, change) {
    if (this.root?.seq === seq) this.root = change(this.root);
    super.change(seq, change);
  }

  get extras() {
    return { thread: this.seq };
  }

  get client() {
    return this.room.client;
  }

  get reactions() {
    return this.room.reactions;
  }

  get actions() {
    return this.room.actions;
  }

  get writable() {
    return this.room.writable;
  }

  get connection() {
    return this.room.connection;
  }

  get welcomed() {
    return this.room.welcomed;
  }

  get slow() {
    return this.room.slow;
  }

  /** @param {string} id */
  nameOf(id) {
    return this.room.nameOf(id);
  }

  isLive(entry) {
    return this.room.isLive(entry);
  }

  /** All of it is in sight, or was counted in the room. */
  get unread() {
    return 0;
  }
}
