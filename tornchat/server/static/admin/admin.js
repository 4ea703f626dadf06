/** What the page knows of its node: the last quarter of an hour, asked for anew every two seconds. */

import { Api, ApiError } from "./api.js";

const EVERY_MS = 2000;
const MOST_SAMPLES = 450;
const MOST_STRAYS = 5;

/** Says "change" whenever there is something new to draw. */
export class Admin extends EventTarget {
  constructor(base) {
    super();
    this.base = base;
    this.kept = kept(`tornchat.admin.token:${base.pathname}`);
    /** @type {Api | null} null: nobody is signed in */
    this.api = null;
    this.user = null;
    this.notice = "";
    this.overview = null;
    this.times = [];
    this.values = {};
    this.error = null;
    this.answeredAt = 0;
    /** Answers of other nodes in a row. */
    this.strays = 0;
    this.timer = 0;
  }

  /** Go on with the token of this tab, if it has one. */
  async resume() {
    const token = this.kept.get();
    if (!token) return this.#changed();
    try {
      await this.signIn(token);
    } catch (error) {
      this.#leave(error.message);
      if (error.status === 0 || error.status >= 500) this.kept.set(token); // it is not the token's fault
    }
  }

  /** Raises `ApiError`, with words for people, if this is no admin's token. */
  async signIn(token) {
    const api = new Api(this.base, token);
    const user = await api.me();
    if (!user.roles.includes("admin")) throw new ApiError(403, `${user.username} is no admin: the token lacks the role "admin".`);
    this.kept.set(token);
    Object.assign(this, { api, user, notice: "", overview: null, times: [], values: {}, error: null });
    await this.#poll();
  }

  signOut = () => this.#leave("");

  /** The newest value of a series. */
  last = (name) => this.values[name]?.at(-1) ?? null;

  #leave(notice) {
    clearTimeout(this.timer);
    this.kept.set("");
    Object.assign(this, { api: null, user: null, overview: null, notice });
    this.#changed();
  }

  async #poll() {
    const api = this.api;
    try {
      const found = await api.overview(this.times.at(-1) ?? 0);
      if (this.api !== api) return;
      await this.#take(found, api);
      this.error = null;
      this.answeredAt = Date.now();
    } catch (error) {
      if (this.api !== api) return;
      if (error.status === 401 || error.status === 403) return this.#leave("The token has ended. Sign in again.");
      this.error = error;
    }
    this.#changed();
    this.timer = setTimeout(() => this.#poll(), EVERY_MS);
  }

  /**
   * Behind a load balancer, and with several workers, another node may answer. What was shown is not its past, so the
   * page stays with the first one as long as that still answers now and then.
   */
  async #take(found, api) {
    const moved = this.overview && this.overview.node.id !== found.node.id;
    this.strays = moved ? this.strays + 1 : 0;
    if (moved && this.strays < MOST_STRAYS) return;
    const fresh = moved ? await api.overview(0) : found;
    if (moved || !this.overview) Object.assign(this, { times: [], values: {} });
    this.overview = fresh;
    const { times, values } = fresh.series;
    this.times = [...this.times, ...times].slice(-MOST_SAMPLES);
    const joined = Object.entries(values).map(([name, more]) => [name, [...(this.values[name] ?? []), ...more].slice(-MOST_SAMPLES)]);
    this.values = Object.fromEntries(joined);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** The token, in this tab and of this chat only: a site may have several. A browser may forbid even that: then it lasts until the page is left. */
const kept = (key) => ({
  get() {
    try {
      return sessionStorage.getItem(key);
    } catch {
      return null;
    }
  },
  set(token) {
    try {
      if (token) sessionStorage.setItem(key, token);
      else sessionStorage.removeItem(key);
    } catch {
      // it is in memory all the same
    }
  },
});
