/** The HTTP API, as far as the page needs it. Every refusal is an `ApiError` with words for people. */

import { words } from "./strings.js";

/** A call that was refused. `status` is 0 if the server could not be reached. */
export class ApiError extends Error {
  /** @param {number} status @param {string} code @param {string} told @param {number} [retryAfter] seconds */
  constructor(status, code, told, retryAfter) {
    super(told);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }

  /** Whether the server just does not offer this. */
  get absent() {
    return this.status === 501 || this.status === 404 || this.status === 405;
  }
}

export class Api {
  /** Lists as they were told last. @type {Map<string, {etag: string, body: any}>} */ #known = new Map();

  /** @param {URL} base where the chat is mounted @param {string | null} token */
  constructor(base, token = null) {
    this.base = base;
    this.token = token;
  }

  info = () => this.#call("GET", "");
  guest = (/** @type {string} */ username) => this.#call("POST", "guest", { username });
  renewGuest = () => this.#call("POST", "guest/renew");
  me = () => this.#call("GET", "me");
  blocks = () => this.#call("GET", "me/blocks");
  block = (/** @type {string} */ user) => this.#call("PUT", `me/blocks/${part(user)}`);
  unblock = (/** @type {string} */ user) => this.#call("DELETE", `me/blocks/${part(user)}`);
  accept = (/** @type {string} */ token) => this.#call("POST", "invites/accept", { token });
  createRoom = (/** @type {string} */ name, /** @type {boolean} */ isPrivate) =>
    this.#call("POST", "rooms", { name, private: isPrivate });
  deleteRoom = (/** @type {string} */ room) => this.#call("DELETE", `rooms/${part(room)}`);
  rights = (/** @type {string} */ room) => this.#call("GET", `rooms/${part(room)}/me`);
  remove = (/** @type {string} */ room, /** @type {number} */ seq) =>
    this.#call("DELETE", `rooms/${part(room)}/messages/${seq}`);
  kick = (/** @type {string} */ room, /** @type {string} */ user) =>
    this.#call("POST", `rooms/${part(room)}/kick`, { user_id: user });

  /** All rooms, some pages of them. @returns {Promise<{name: string, private: boolean, seq: number}[]>} */
  async rooms() {
    const found = [];
    let after = null;
    for (let page = 0; page < 5; page += 1) {
      const answer = await this.#tagged(`rooms?${query({ after, limit: 200 })}`);
      found.push(...answer.rooms);
      after = answer.next;
      if (!after) break;
    }
    return found;
  }

  /** The rooms that the user has a role or a marker in, with what is unread there. */
  async myRooms() {
    const found = [];
    let after = null;
    do {
      const answer = await this.#tagged(`me/rooms?${query({ after })}`);
      found.push(...answer.rooms);
      after = answer.next;
    } while (after);
    return found;
  }

  /** Newest first. @param {number} [before] */
  inbox(before) {
    return this.#call("GET", `me/inbox?${query({ before, limit: 30 })}`);
  }

  /** Oldest first. @param {string} room @param {{before?: number, after?: number, limit?: number}} page */
  messages(room, page) {
    return this.#call("GET", `rooms/${part(room)}/messages?${query({ ...page, mine: 1 })}`);
  }

  /** One message, with the user's own reactions. @param {string} room @param {number} seq */
  message = (room, seq) => this.#call("GET", `rooms/${part(room)}/messages/${seq}?mine=1`);

  /** Oldest first. @param {string} room @param {number} seq @param {{before?: number, after?: number, limit?: number}} page */
  thread = (room, seq, page) => this.#call("GET", `rooms/${part(room)}/messages/${seq}/thread?${query({ ...page, mine: 1 })}`);

  /** @param {string} room @param {{title?: string, topic?: string}} changes */
  changeRoom = (room, changes) => this.#call("PATCH", `rooms/${part(room)}`, changes);

  /** @param {string} room @param {{role: string, seconds: number, uses: number}} terms @returns {Promise<{url: string}>} */
  invite = (room, terms) => this.#call("POST", `rooms/${part(room)}/invites`, terms);
  members = (/** @type {string} */ room) => this.#call("GET", `rooms/${part(room)}/members`);
  leave = (/** @type {string} */ room, /** @type {string} */ me) => this.#call("DELETE", `rooms/${part(room)}/members/${part(me)}`);
  direct = (/** @type {string[]} */ users) => this.#call("POST", "direct", { user_ids: users });
  room = (/** @type {string} */ room) => this.#call("GET", `rooms/${part(room)}`);
  setSlow = (/** @type {string} */ room, /** @type {number} */ seconds) =>
    this.#call("PATCH", `rooms/${part(room)}`, { slow_seconds: seconds });

  /** @param {string} room @param {number} seq @param {string} reason */
  report = (room, seq, reason) => this.#call("POST", `rooms/${part(room)}/messages/${seq}/reports`, { reason });
  reports = (/** @type {string} */ room) => this.#call("GET", `rooms/${part(room)}/reports?state=open`);

  /** @param {string} room @param {number} id @param {"resolved" | "dismissed"} state */
  closeReport = (room, id, state) => this.#call("PUT", `rooms/${part(room)}/reports/${id}`, { state });

  /** Newest first. @param {string} room @param {string} q @param {number} [before] */
  search(room, q, before) {
    return this.#call("GET", `rooms/${part(room)}/search?${query({ q, before, limit: 30 })}`);
  }

  /** @param {string} room @param {"bans" | "mutes"} kind @param {string} user @param {number} seconds */
  sanction(room, kind, user, seconds) {
    return this.#call("PUT", `rooms/${part(room)}/${kind}/${part(user)}`, { seconds });
  }

  /** @param {string} room @param {"bans" | "mutes"} kind @param {string} user */
  pardon(room, kind, user) {
    return this.#call("DELETE", `rooms/${part(room)}/${kind}/${part(user)}`);
  }

  sanctions = (/** @type {string} */ room) => this.#call("GET", `rooms/${part(room)}/sanctions`);

  /** What has not changed since it was asked for last is not sent again. @param {string} path */
  async #tagged(path) {
    const known = this.#known.get(path);
    const answer = await this.#fetch("GET", path, undefined, known && { "If-None-Match": known.etag });
    if (known && answer.status === 304) return known.body;
    const body = await this.#read(answer);
    const etag = answer.headers.get("ETag");
    if (etag) this.#known.set(path, { etag, body });
    return body;
  }

  /** @param {string} method @param {string} path @param {object} [body] @returns {Promise<any>} */
  async #call(method, path, body) {
    return this.#read(await this.#fetch(method, path, body));
  }

  /** @param {Response} answer @returns {Promise<any>} */
  async #read(answer) {
    const text = await answer.text().catch(() => "");
    if (!answer.ok) throw refusal(answer, text);
    return text ? JSON.parse(text) : null;
  }

  /** @param {string} method @param {string} path @param {object} [body] @param {Record<string, string>} [more] headers */
  async #fetch(method, path, body, more = {}) {
    const headers = new Headers({ Accept: "application/json", ...more });
    if (this.token) headers.set("Authorization", `Bearer ${this.token}`);
    if (body) headers.set("Content-Type", "application/json");
    try {
      const request = { method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(15_000) };
      return await fetch(new URL(`api/${path}`, this.base), request);
    } catch {
      throw new ApiError(0, "unreachable", words.unreachable);
    }
  }
}

/** @param {Response} answer @param {string} text */
function refusal(answer, text) {
  /** @type {{code?: string, title?: string, detail?: string, errors?: {message: string}[]}} */ let problem = {};
  try {
    problem = JSON.parse(text);
  } catch {
    // a proxy's page, not an answer of the chat
  }
  const retryAfter = Number(answer.headers.get("Retry-After")) || undefined;
  const [first] = problem.errors ?? [];
  const told = first?.message ?? problem.detail ?? problem.title ?? words.answered(answer.status);
  return new ApiError(answer.status, problem.code ?? "", told, retryAfter);
}

/** @param {string} name */
const part = (name) => encodeURIComponent(name);

/** @param {Record<string, unknown>} values */
function query(values) {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
  return new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
}
