/** The whole page's state: who is signed in, which rooms there are, and the one that is open. */

import { Api } from "./api.js";
import { browser, Drafts, Marks } from "./kept.js";
import { Room } from "./room.js";

const ROOMS_MS = 30_000;
const TOAST_MS = 8_000;
const START_RETRY_MS = 3_000;
const UNAUTHORIZED = 4001;
const RENEW_SHARE = 0.75; // of a guest's time; what is left is for a server that is away
const RENEW_RETRY_MS = 15_000;
const INVITE = /^#invite=([\w-]+)$/; // the page of a link by which users become members of a room
const LEAST_TIMER_MS = 1_000;
const MOST_TIMER_MS = 2 ** 31 - 1;
const ENDED = "Your session has ended. Sign in again to go on.";

/**
 * @typedef {{token: string | null, guest: boolean}} Session   No token: the site's own login says who this is.
 * @typedef {{id: string, username: string, roles?: string[], expires_at?: string | null}} Me
 * @typedef {{id: number, words: string, kind: "info" | "danger"}} Toast
 */

/** Says "change" when it should be drawn again. */
export class Chat extends EventTarget {
  /** @type {"starting" | "unreachable" | "signed-out" | "in"} */ phase = "starting";
  /** @type {{name: string, version: string, guest: boolean, rooms: {default: string}, me: Me | null} | null} */ info = null;
  /** @type {Session | null} */ session = null;
  /** @type {Me | null} */ me = null;
  /** @type {{name: string, private: boolean, epoch: string, seq: number}[]} */ rooms = [];
  /** @type {Room | null} */ room = null;
  /** Ids of users whose messages are hidden. @type {Set<string>} */ blocked = new Set();
  /** Whether the server stores blocks. */ blocks = false;
  /** @type {Toast[]} */ toasts = [];
  /** Why one has to sign in again. */ notice = "";
  /** @type {Map<string, Room>} */ #opened = new Map();
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
    addEventListener("hashchange", async () => {
      if (this.phase === "in") this.open((await this.#invited()) ?? roomInUrl() ?? this.home);
    });
    addEventListener("storage", ({ key }) => (key === this.sessionKey || key === null) && this.#onStored());
    document.addEventListener("visibilitychange", () => document.hidden || this.#refreshSoon());
  }

  /** The room that one enters first. */
  get home() {
    return this.info?.rooms?.default ?? "general";
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
    this.signOut(ENDED);
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
    await this.#readBlocks(); // before messages are shown
    this.phase = "in";
    this.open((await this.#invited()) ?? roomInUrl() ?? this.home);
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
    if (!(await this.attempt(call, block ? `Messages of ${name} are hidden.` : `Messages of ${name} are shown again.`))) return;
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

  /** Go to a room. @param {string} name */
  open(name) {
    if (this.room?.name === name) return;
    this.room?.leave();
    const room = this.#opened.get(name) ?? this.#newRoom(name);
    this.#opened.set(name, room);
    this.room = room;
    if (roomInUrl() !== name) history[location.hash ? "pushState" : "replaceState"](null, "", `#${encodeURIComponent(name)}`);
    room.enter();
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
    const room = new Room(this, name);
    room.addEventListener("change", () => this.room === room && this.#changed());
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
      if (this.api === api) this.rooms = rooms;
    } catch (error) {
      // The list that is there stays; the room's own connection tells what is wrong.
      if (error.status === 501) return;
    }
    if (this.api !== api) return;
    this.#poll = setTimeout(() => this.refreshRooms(), ROOMS_MS);
    this.#changed();
  }

  #refreshSoon() {
    if (this.phase === "in") void this.refreshRooms();
  }

  /** All that can be entered: the listed rooms, and those that were opened here. @returns {{name: string, private: boolean, unread: number}[]} */
  get shelf() {
    const names = new Set(this.rooms.map(({ name }) => name));
    const opened = [...this.#opened.keys()].filter((name) => !names.has(name));
    return [...this.rooms, ...opened.map((name) => ({ name, private: false, epoch: "", seq: 0 }))].map((room) => ({
      ...room,
      unread: room.name === this.room?.name ? this.room.unread : this.marks.unread(room),
    }));
  }

  // --- what is told in passing ----------------------------------------------------------------------------------------

  /** @param {string} words @param {Toast["kind"]} [kind] */
  toast(words, kind = "info") {
    const toast = { id: (this.#toastId += 1), words, kind };
    this.toasts = [...this.toasts.filter((other) => other.words !== words), toast].slice(-3);
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
      this.toast(error.status === 501 ? "This server does not offer that." : error.message, "danger");
      return false;
    }
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** A room may be linked to: what stands after the # is not sent to the server. @returns {string | null} */
function roomInUrl() {
  try {
    return decodeURIComponent(location.hash.slice(1)) || null;
  } catch {
    return null;
  }
}
