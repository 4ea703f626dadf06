/** The whole page's state: who is signed in, which rooms there are, and the one that is open. */

import { Api } from "./api.js";
import { browser, Drafts, Marks } from "./kept.js";
import { hashOf, placeOf } from "./places.js";
import { locale, words } from "./strings.js";

const ROOMS_MS = 30_000;
const TOAST_MS = 8_000;
const START_RETRY_MS = 3_000;
const UNAUTHORIZED = 4001;
const RENEW_SHARE = 0.75; // of a guest's time; what is left is for a server that is away
const RENEW_RETRY_MS = 15_000;
const INVITE = /^#invite=([\w-]+)$/; // the page of a link by which users become members of a room
const LEAST_TIMER_MS = 1_000;
const MOST_TIMER_MS = 2 ** 31 - 1;

/**
 * @typedef {{token: string | null, guest: boolean}} Session   No token: the site's own login says who this is.
 * @typedef {{id: string, username: string, roles?: string[], expires_at?: string | null}} Me
 * @typedef {{name: string, private: boolean, unread: number, draft: boolean}} Shelved
 * @typedef {{id: number, words: string, kind: "info" | "danger"}} Toast
 */

/** Says "change" when it should be drawn again. */
export class Chat extends EventTarget {
  /** @type {"starting" | "unreachable" | "signed-out" | "in"} */ phase = "starting";
  /** @type {{name: string, version: string, guest: boolean, rooms: {default: string}, me: Me | null} | null} */ info = null;
  /** @type {Session | null} */ session = null;
  /** @type {Me | null} */ me = null;
  /** @type {{name: string, private: boolean, epoch: string, seq: number}[]} */ rooms = [];
  /** @type {import("./room.js").Room | null} */ room = null;
  /** Ids of users whose messages are hidden. @type {Set<string>} */ blocked = new Set();
  /** Whether the server stores blocks. */ blocks = false;
  /** What is shown at the right. @type {"people" | "search" | "thread" | null} */ aside = null;
  /** The dialog that is open. @type {"palette" | "help" | "create" | null} */ dialog = null;
  /** @type {Toast[]} */ toasts = [];
  /** Why one has to sign in again. */ notice = "";
  /** @type {Map<string, import("./room.js").Room>} */ #opened = new Map();
  /** @type {typeof import("./room.js").Room} It is loaded with the first room. */ #Room;
  #toastId = 0;
  #poll = 0;
  #renewal = 0;

  /** @param {URL} base where the chat is mounted */
  constructor(base) {
    super();
    this.base = base;
    this.api = new Api(base);
    this.sessionKey = `tornchat.session:${base.pathname}`;
    this.nameKey = `tornchat.name:${base.pathname}`;
    this.marks = new Marks("");
    this.drafts = new Drafts("");
    addEventListener("hashchange", () => this.phase === "in" && this.#openPlace());
    addEventListener("storage", ({ key }) => (key === this.sessionKey || key === null) && this.#onStored());
    document.addEventListener("visibilitychange", () => document.hidden || this.#refreshSoon());
  }

  /** Names as people sort them: 9 before 10. */
  compare = new Intl.Collator(locale, { numeric: true, sensitivity: "base" }).compare;

  /** Whether there is such a room to go to. @param {string} name */
  isRoom = (name) => this.#opened.has(name) || this.rooms.some((room) => room.name === name);

  /** The room that one enters first. */
  get home() {
    return this.info?.rooms?.default ?? "general";
  }

  /** Whether somebody was signed in here before. */
  get mayResume() {
    return Boolean(browser.get(this.sessionKey)?.token);
  }

  /** Load what those need who are in. */
  prepare() {
    const inside = document.getElementById("inside");
    if (!(inside instanceof HTMLTemplateElement)) return;
    document.head.append(inside.content); // all files at once
    inside.remove();
  }

  // --- signing in ---------------------------------------------------------------------------------------------------

  async start() {
    try {
      this.info = await this.api.info();
    } catch {
      this.#become("unreachable");
      setTimeout(() => this.start(), START_RETRY_MS);
      return;
    }
    const session = browser.get(this.sessionKey);
    if (session?.token) await this.#resume(session);
    else if (this.info.me) await this.#resume({ token: null, guest: false });
    else this.#become("signed-out");
  }

  /** @param {Session} session */
  async #resume(session) {
    try {
      await this.#enter(session);
    } catch (error) {
      if (error.status === 401) await this.#onEnded(session);
      else {
        this.#become("unreachable");
        setTimeout(() => this.#resume(session), START_RETRY_MS);
      }
    }
  }

  /** A session is not accepted any more. The site's own login may be there all the same. @param {Session | null} session */
  async #onEnded(session) {
    const own = session?.token && this.info?.me; // asked once: without a token, it was the own login that ended
    this.signOut(words.sessionEnded);
    if (own) await this.#resume({ token: null, guest: false });
  }

  /** Another tab has signed in or out, or has renewed a guest's token. */
  #onStored() {
    const session = browser.get(this.sessionKey);
    if (session?.token && session.token !== this.session?.token) void this.#adopt(session);
    else if (!session && this.session?.token) this.signOut();
  }

  /** @param {Session} session */
  async #adopt(session) {
    const me = await new Api(this.base, session.token).me().catch(() => null);
    if (!me) return;
    if (this.phase === "in" && me.id === this.me?.id) this.#take(session, me);
    else {
      this.#reset();
      this.#become("starting"); // nothing is drawn of a room that nobody is in
      await this.#resume(session);
    }
  }

  /** Throws `ApiError`. @param {string} username */
  async signInAsGuest(username) {
    const { token } = await new Api(this.base).guest(username);
    browser.set(this.nameKey, username);
    await this.#enter({ token, guest: true });
  }

  /** Throws `ApiError`. @param {string} token */
  async signInWithToken(token) {
    await this.#enter({ token, guest: false });
  }

  /** @param {Session} session */
  async #enter(session) {
    const me = await new Api(this.base, session.token).me();
    this.#take(session, me);
    this.notice = "";
    this.marks = new Marks(`tornchat.read:${this.base.pathname}:${me.id}`);
    this.drafts = new Drafts(`tornchat.drafts:${this.base.pathname}:${me.id}`);
    if (session.token) browser.set(this.sessionKey, session);
    this.prepare();
    const [{ Room }] = await Promise.all([import("./room.js"), this.#readBlocks()]); // before messages are shown
    this.#Room = Room;
    await this.#openPlace();
    void this.refreshRooms();
  }

  /** @param {Session} session @param {Me} me */
  #take(session, me) {
    this.session = session;
    this.me = me;
    this.api = new Api(this.base, session.token);
    clearTimeout(this.#renewal);
    if (!session.guest || !me.expires_at) return;
    const wait = (Date.parse(me.expires_at) - Date.now()) * RENEW_SHARE;
    // No time is left where this clock is ahead of the server's: then it may not renew without a pause.
    this.#renewal = setTimeout(() => this.#renew(), wait < LEAST_TIMER_MS ? RENEW_RETRY_MS : Math.min(wait, MOST_TIMER_MS));
  }

  /** A guest stays the same one, whom a new token from the door would not be. */
  async #renew() {
    const { api, session } = this;
    try {
      const { token, expires_at } = await api.renewGuest();
      if (this.session !== session) return;
      this.#take({ ...session, token }, { ...this.me, expires_at });
      browser.set(this.sessionKey, this.session);
    } catch (error) {
      if (this.session !== session || (error.status && error.status < 500 && error.status !== 429)) return;
      this.#renewal = setTimeout(() => this.#renew(), RENEW_RETRY_MS);
    }
  }

  async #readBlocks() {
    const found = await this.api.blocks().catch(() => null);
    this.blocks = found !== null;
    this.blocked = new Set(found?.user_ids);
  }

  /** Hide the messages of a user, or show them again. @param {string} id @param {string} name @param {boolean} block */
  async setBlocked(id, name, block) {
    const call = () => (block ? this.api.block(id) : this.api.unblock(id));
    if (!(await this.attempt(call, block ? words.hidden(name) : words.shown(name)))) return;
    this.blocked = new Set(this.blocked);
    this.blocked[block ? "add" : "delete"](id);
    this.#changed();
  }

  /** In all tabs of this browser. @param {string} [notice] why, if the user did not ask for it */
  signOut(notice = "") {
    if (this.session?.token === browser.get(this.sessionKey)?.token || !this.session) browser.set(this.sessionKey, null);
    this.#reset();
    this.notice = notice;
    this.#become("signed-out");
  }

  #reset() {
    clearTimeout(this.#renewal);
    clearTimeout(this.#poll);
    this.room?.leave();
    this.room = null;
    this.#opened.clear();
    this.rooms = [];
    this.session = this.me = null;
    this.api = new Api(this.base);
  }

  /** @param {Chat["phase"]} phase */
  #become(phase) {
    this.phase = phase;
    this.#changed();
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
    this.#changed();
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
    this.#changed();
  }

  /** Show this at the right: "people", "search", "thread", or nothing. @param {Chat["aside"]} aside */
  show(aside) {
    this.aside = aside;
    this.#changed();
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
      if (detail === UNAUTHORIZED) void this.#onEnded(this.session);
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

  async refreshRooms() {
    clearTimeout(this.#poll);
    const { api } = this;
    if (document.hidden) return; // it is done when somebody looks again
    try {
      const rooms = await api.rooms();
      if (this.api === api) this.#list(rooms);
    } catch (error) {
      // The list that is there stays; the room's own connection tells what is wrong.
      if (error.status === 501) return;
    }
    if (this.api !== api) return;
    this.#poll = setTimeout(() => this.refreshRooms(), ROOMS_MS);
    this.roomsChanged();
  }

  /** Messages may name rooms that were not known. @param {Chat["rooms"]} rooms */
  #list(rooms) {
    const more = rooms.length !== this.rooms.length;
    this.rooms = rooms;
    if (more) this.room?.changed();
  }

  #refreshSoon() {
    if (this.phase === "in") void this.refreshRooms();
  }

  /** All that can be entered: the listed rooms, and those that were opened here. @returns {Shelved[]} */
  get shelf() {
    const names = new Set(this.rooms.map(({ name }) => name));
    const opened = [...this.#opened.keys()].filter((name) => !names.has(name));
    const drafts = this.drafts.rooms;
    const all = [...this.rooms, ...opened.map((name) => ({ name, private: false, epoch: "", seq: 0 }))].map((room) => ({
      name: room.name,
      private: room.private,
      draft: drafts.has(room.name),
      unread: room.name === this.room?.name ? this.room.unread : this.marks.unread(room),
    }));
    return all.sort((a, b) => this.compare(a.name, b.name));
  }

  /** The list of rooms, or what is unread there, is to be drawn again. */
  roomsChanged() {
    this.dispatchEvent(new Event("rooms"));
  }

  // --- what is told in passing ----------------------------------------------------------------------------------------

  /** @param {string} told @param {Toast["kind"]} [kind] */
  toast(told, kind = "info") {
    const toast = { id: (this.#toastId += 1), words: told, kind };
    this.toasts = [...this.toasts.filter((other) => other.words !== told), toast].slice(-3);
    setTimeout(() => this.dismiss(toast.id), TOAST_MS);
    this.#changed();
  }

  /** @param {number} id */
  dismiss(id) {
    this.toasts = this.toasts.filter((toast) => toast.id !== id);
    this.#changed();
  }

  /** Do something that the server may refuse, and say so. @param {() => Promise<unknown>} act @param {string} [done] */
  async attempt(act, done = "") {
    try {
      await act();
      if (done) this.toast(done);
      return true;
    } catch (error) {
      this.toast(error.status === 501 ? words.notOffered : error.message, "danger");
      return false;
    }
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
