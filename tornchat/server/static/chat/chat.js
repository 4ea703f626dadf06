/** The whole page's state: beside who is signed in, which rooms there are, and the one that is open. */

import { Directs } from "./directs.js";
import { Drafts, Favourites, Marks } from "./kept.js";
import { Login } from "./login.js";
import { hashOf, placeOf } from "./places.js";
import { locale, words } from "./strings.js";
import { isGuest } from "./text.js";

const ROOMS_MS = 30_000; // without the stream, which tells what is new
const LISTED_MS = 300_000; // nobody tells of rooms that others have made
const SOON_MS = 300;
const UNAUTHORIZED = 4001;
const INVITE = /^#invite=([\w-]+)$/; // the page of a link by which users become members of a room

/** @typedef {{name: string, label: string, kind: string, unread: number, mentions: number, draft: boolean, starred: boolean}} Shelved */

/** Says "change" when it should be drawn again, "rooms" when only the list of rooms should be, "mention" when the inbox has more. */
export class Chat extends Login {
  /** @type {{name: string, title?: string, kind?: string, private?: boolean, epoch: string, seq: number}[]} */ rooms = [];
  /** @type {import("./room.js").Room | null} */ room = null;
  /** Ids of users whose messages are hidden. @type {Set<string>} */ blocked = new Set();
  /** Whether the server stores blocks. */ blocks = false;
  /** What is shown at the right. @type {"people" | "search" | "thread" | "room" | "inbox" | null} */ aside = null;
  /** The dialog that is open. @type {"palette" | "help" | "create" | null} */ dialog = null;
  /** @type {Map<string, import("./room.js").Room>} */ #opened = new Map();
  /** @type {typeof import("./room.js").Room} It is loaded with the first room. */ #Room;
  #poll = 0;
  /** @type {import("./stream.js").Stream | null} */ #stream = null;
  /** What is unread; null until somebody is in. @type {import("./standing.js").Standing | null} */ standing = null;

  /** @param {URL} base where the chat is mounted */
  constructor(base) {
    super(base);
    this.marks = new Marks("");
    this.drafts = new Drafts("");
    this.favourites = new Favourites("");
    addEventListener("hashchange", () => this.phase === "in" && this.#openPlace());
    document.addEventListener("visibilitychange", () => document.hidden || this.#refreshSoon());
  }

  directs = new Directs(this);

  /** Names as people sort them: 9 before 10. */
  compare = new Intl.Collator(locale, { numeric: true, sensitivity: "base" }).compare;

  /** Whether there is such a room to go to. @param {string} name */
  isRoom = (name) => this.#opened.has(name) || this.rooms.some((room) => room.name === name);

  /** The room that one enters first. */
  get home() {
    return this.info?.rooms?.default ?? "general";
  }

  /** Load what those need who are in. */
  prepare() {
    const inside = document.getElementById("inside");
    if (!(inside instanceof HTMLTemplateElement)) return;
    document.head.append(inside.content); // all files at once
    inside.remove();
  }

  /** @param {import("./login.js").Me} me */
  async onEntered(me) {
    this.marks = new Marks(`tornchat.read:${this.base.pathname}:${me.id}`);
    this.drafts = new Drafts(`tornchat.drafts:${this.base.pathname}:${me.id}`);
    this.favourites = new Favourites(`tornchat.favourites:${this.base.pathname}:${me.id}`);
    this.prepare();
    const modules = [import("./room.js"), import("./standing.js"), import("./stream.js")];
    const [{ Room }, { Standing }, { Stream }] = await Promise.all([...modules, this.#readBlocks()]); // before messages are shown
    this.#Room = Room;
    this.standing = new Standing(() => this.api.myRooms(), () => this.roomsChanged());
    await this.#openPlace();
    this.#listen(new Stream(this.base, () => this.session?.token));
    void this.refreshRooms();
  }

  onLeft() {
    clearTimeout(this.#poll);
    this.#stream?.close();
    this.#stream = null;
    this.standing?.close();
    this.standing = null;
    this.room?.leave();
    this.room = null;
    this.#opened.clear();
    this.rooms = [];
  }

  async #readBlocks() {
    const found = await this.api.blocks().catch(() => null);
    this.blocks = found !== null;
    this.blocked = new Set(found?.user_ids);
  }

  /** Hear what is new for the user, wherever. @param {import("./stream.js").Stream} stream */
  #listen(stream) {
    const { standing } = this;
    const on = (type, act) => stream.addEventListener(type, ({ detail }) => this.#stream === stream && act(detail));
    const soon = () => this.#refreshSoon(SOON_MS);
    let before = false;
    on("hello", () => {
      if (before) soon(); // what was told meanwhile was not heard
      before = true;
    });
    on("room_news", ({ rooms }) => standing.onNews(rooms));
    on("read_moved", ({ room, seq }) => standing.onRead(room, seq));
    on("mention", (mention) => {
      if (this.room?.name !== mention.room || !this.room.watched()) standing.onMention(mention);
      this.dispatchEvent(new Event("mention"));
    });
    for (const type of ["invited", "removed", "room_changed"]) on(type, soon);
    this.#stream = stream;
    stream.open();
  }

  /** Hide the messages of a user, or show them again. @param {string} id @param {string} name @param {boolean} block */
  async setBlocked(id, name, block) {
    const call = () => (block ? this.api.block(id) : this.api.unblock(id));
    if (!(await this.attempt(call, block ? words.hidden(name) : words.shown(name)))) return;
    this.blocked = new Set(this.blocked);
    this.blocked[block ? "add" : "delete"](id);
    this.changed();
  }

  // --- rooms --------------------------------------------------------------------------------------------------------

  /** Go where the address leads, by an invite if there is one. */
  async #openPlace() {
    const invited = await this.#invited();
    const { room, seq } = invited ? { room: invited, seq: null } : (placeOf(location.hash) ?? { room: this.home, seq: null });
    this.phase = "in"; // not before there is a room to draw
    this.open(room, seq);
  }

  /** Go to a room, or to a message there. @param {string} name @param {number | null} [seq] */
  open(name, seq = null) {
    if (this.room?.name !== name) this.#enterRoom(name);
    const hash = hashOf(name, seq ?? undefined);
    if (location.hash !== hash) history[location.hash ? "pushState" : "replaceState"](null, "", hash);
    if (seq) this.room.awaits(seq);
    this.changed();
  }

  /** @param {string} name */
  #enterRoom(name) {
    this.room?.leave();
    const room = this.#opened.get(name) ?? this.#newRoom(name);
    this.#opened.set(name, room);
    this.room = room;
    if (this.aside === "thread" && !room.thread) this.aside = null;
    room.enter();
    this.roomsChanged();
  }

  /** Go to a room before or after this one in the list. @param {1 | -1} way @param {boolean} [unread] to one with unread messages */
  step(way, unread = false) {
    const { shelf } = this;
    const at = shelf.findIndex(({ name }) => name === this.room?.name);
    for (let next = at + way; next !== at && shelf.length; next += way) {
      const room = shelf.at(next % shelf.length);
      if (room.name === this.room?.name) return;
      if (!unread || room.unread) return this.open(room.name);
    }
  }

  /** Open a dialog; null: close it. @param {Chat["dialog"]} dialog */
  ask(dialog) {
    this.dialog = dialog;
    this.changed();
  }

  /** Show this at the right: "people", "search", "thread", "room", or nothing. @param {Chat["aside"]} aside */
  show(aside) {
    this.aside = aside;
    this.changed();
  }

  /** The room of the invite in the URL, which is accepted and leaves the URL; null if there is none, or it is refused. */
  async #invited() {
    const [, token] = INVITE.exec(location.hash) ?? [];
    if (!token) return null;
    history.replaceState(null, "", location.pathname + location.search);
    try {
      return (await this.api.accept(token)).room;
    } catch (error) {
      this.toast(error.message, "danger");
      return null;
    }
  }

  /** @param {string} name */
  #newRoom(name) {
    const room = new this.#Room(this, name);
    room.addEventListener("closed", ({ detail }) => {
      if (detail === UNAUTHORIZED) void this.onEnded(this.session);
    });
    return room;
  }

  /** Throws `ApiError`. @param {string} name @param {boolean} isPrivate */
  async createRoom(name, isPrivate) {
    await this.api.createRoom(name, isPrivate).catch((error) => {
      // Without a directory, a room is made by who first enters it.
      if (error.status !== 501 || isPrivate) throw error;
    });
    this.open(name);
    await this.refreshRooms();
  }

  /** Whether there may be a room of just the two: guests have none. @param {string} id */
  mayTalkTo(id) {
    return !this.me?.roles?.includes("guest") && !isGuest(id) && !this.blocked.has(id);
  }

  /** Talk to one user alone. @param {string} id @param {string} name */
  async talkTo(id, name) {
    await this.attempt(async () => {
      const room = await this.api.direct([id]);
      this.directs.know(room.name, name);
      this.open(room.name);
      await this.refreshRooms();
    });
  }

  /** A room is not there any more, or not for this user. @param {string} name */
  forget(name) {
    this.#opened.delete(name);
    this.rooms = this.rooms.filter((room) => room.name !== name);
    if (this.room?.name === name) this.open(this.home);
    this.roomsChanged();
  }

  async refreshRooms() {
    clearTimeout(this.#poll);
    const { api } = this;
    if (document.hidden) return; // it is done when somebody looks again
    try {
      const [rooms] = await Promise.all([api.rooms(), this.standing?.read()]);
      if (this.api === api) this.#list(rooms);
    } catch (error) {
      // The list that is there stays; the room's own connection tells what is wrong.
      if (error.status === 501) return;
    }
    if (this.api !== api) return;
    this.#poll = setTimeout(() => this.refreshRooms(), this.#stream?.connected ? LISTED_MS : ROOMS_MS);
    this.#stream?.watch(this.shelf.map(({ name }) => name));
    this.roomsChanged();
  }

  /** Messages may name rooms that were not known. @param {Chat["rooms"]} rooms */
  #list(rooms) {
    const more = rooms.length !== this.rooms.length;
    this.rooms = rooms;
    if (more) this.room?.changed();
  }

  #refreshSoon(wait = 0) {
    clearTimeout(this.#poll);
    this.#poll = setTimeout(() => this.phase === "in" && void this.refreshRooms(), wait);
  }

  /** How much of a room that is not open was not read. @param {{name: string, epoch: string, seq: number}} room */
  #unread(room) {
    return this.standing?.kept ? this.standing.unread(room.name) : this.marks.unread(room);
  }

  /** The user has read all of a room up to this entry. @param {string} room @param {string} epoch @param {number} seq */
  hasRead(room, epoch, seq) {
    this.standing?.onRead(room, seq, epoch);
    if (!this.standing?.kept) this.marks.read(room, epoch, seq);
  }

  /** The messages in other rooms that mention the user and were not read. */
  get mentions() {
    return this.shelf.reduce((sum, { mentions }) => sum + mentions, 0);
  }

  /** What people read of a room. @param {string} name */
  labelOf(name) {
    const { title, kind } = this.rooms.find((room) => room.name === name) ?? {};
    return title || (kind === "direct" && this.directs.nameOf(name)) || name;
  }

  /** All that can be entered: the listed rooms, and those that were opened here. @returns {Shelved[]} */
  get shelf() {
    const names = new Set(this.rooms.map(({ name }) => name));
    const opened = [...this.#opened.keys()].filter((name) => !names.has(name));
    const drafts = this.drafts.rooms;
    const starred = this.favourites.rooms;
    const others = opened.map((name) => ({ name, title: "", kind: "open", epoch: "", seq: 0 }));
    const all = [...this.rooms, ...others].map((room) => ({
      name: room.name,
      label: this.labelOf(room.name),
      kind: room.kind ?? (room.private ? "private" : "open"), // servers before had two kinds
      draft: drafts.has(room.name),
      starred: starred.has(room.name),
      unread: room.name === this.room?.name ? this.room.unread : this.#unread(room),
      mentions: room.name === this.room?.name ? 0 : (this.standing?.mentions(room.name) ?? 0),
    }));
    const direct = ({ kind }) => Number(kind === "direct");
    return all.sort((a, b) => Number(b.starred) - Number(a.starred) || direct(a) - direct(b) || this.compare(a.label, b.label));
  }

  /** Put a room at the top of the list, or back to the others. @param {string} name */
  star(name) {
    this.favourites.toggle(name);
    this.roomsChanged();
  }

  /** The list of rooms, or what is unread there, is to be drawn again. */
  roomsChanged() {
    this.dispatchEvent(new Event("rooms"));
  }

}
