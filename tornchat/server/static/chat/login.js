/** Who is signed in, how they came in, and that a guest stays the same one. */

import { Api } from "./api.js";
import { browser } from "./kept.js";
import { Notices } from "./notices.js";
import { words } from "./strings.js";

const START_RETRY_MS = 3_000;
const RENEW_SHARE = 0.75; // of a guest's time; what is left is for a server that is away
const RENEW_RETRY_MS = 15_000;
const LEAST_TIMER_MS = 1_000;
const MOST_TIMER_MS = 2 ** 31 - 1;

/**
 * @typedef {{token: string | null, guest: boolean}} Session   No token: the site's own login says who this is.
 * @typedef {{id: string, username: string, roles?: string[], expires_at?: string | null}} Me
 */

export class Login extends Notices {
  /** @type {"starting" | "unreachable" | "signed-out" | "in"} */ phase = "starting";
  /** @type {{name: string, version: string, guest: boolean, rooms: {default: string}, me: Me | null} | null} */ info = null;
  /** @type {Session | null} */ session = null;
  /** @type {Me | null} */ me = null;
  /** Why one has to sign in again. */ notice = "";
  #renewal = 0;

  /** @param {URL} base where the chat is mounted */
  constructor(base) {
    super();
    this.base = base;
    this.api = new Api(base);
    this.sessionKey = `tornchat.session:${base.pathname}`;
    this.nameKey = `tornchat.name:${base.pathname}`;
    addEventListener("storage", ({ key }) => (key === this.sessionKey || key === null) && this.#onStored());
  }

  /** What is done for somebody who has come in; `phase` becomes "in" there. @param {Me} me */
  async onEntered(me) {}

  /** What is done when they have left. */
  onLeft() {}

  /** Whether somebody was signed in here before. */
  get mayResume() {
    return Boolean(browser.get(this.sessionKey)?.token);
  }

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
      if (error.status === 401) await this.onEnded(session);
      else {
        this.#become("unreachable");
        setTimeout(() => this.#resume(session), START_RETRY_MS);
      }
    }
  }

  /** A session is not accepted any more. The site's own login may be there all the same. @param {Session | null} session */
  async onEnded(session) {
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
    if (session.token) browser.set(this.sessionKey, session);
    await this.onEntered(me);
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

  /** In all tabs of this browser. @param {string} [notice] why, if the user did not ask for it */
  signOut(notice = "") {
    if (this.session?.token === browser.get(this.sessionKey)?.token || !this.session) browser.set(this.sessionKey, null);
    this.#reset();
    this.notice = notice;
    this.#become("signed-out");
  }

  #reset() {
    clearTimeout(this.#renewal);
    this.onLeft();
    this.session = this.me = null;
    this.api = new Api(this.base);
  }

  /** @param {Login["phase"]} phase */
  #become(phase) {
    this.phase = phase;
    this.changed();
  }
}
