/** The HTTP API, as far as the page needs it. Every refusal is an `ApiError` with words for people. */

/** A call that was refused. `status` is 0 if the server could not be reached. */
export class ApiError extends Error {
  /** @param {number} status @param {string} code @param {string} words @param {number} [retryAfter] seconds */
  constructor(status, code, words, retryAfter) {
    super(words);
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
      const answer = await this.#call("GET", `rooms?${query({ after, limit: 200 })}`);
      found.push(...answer.rooms);
      after = answer.next;
      if (!after) break;
    }
    return found;
  }

  /** Oldest first. @param {string} room @param {{before?: number, after?: number, limit?: number}} page */
  messages(room, page) {
    return this.#call("GET", `rooms/${part(room)}/messages?${query(page)}`);
  }

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

  /** @param {string} method @param {string} path @param {object} [body] @returns {Promise<any>} */
  async #call(method, path, body) {
    const headers = new Headers({ Accept: "application/json" });
    if (this.token) headers.set("Authorization", `Bearer ${this.token}`);
    if (body) headers.set("Content-Type", "application/json");
    let answer;
    try {
      const request = { method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(15_000) };
      answer = await fetch(new URL(`api/${path}`, this.base), request);
    } catch {
      throw new ApiError(0, "unreachable", "The server can't be reached. Check your connection and try again.");
    }
    const text = await answer.text().catch(() => "");
    if (!answer.ok) throw refusal(answer, text);
    return text ? JSON.parse(text) : null;
  }
}

/** @param {Response} answer @param {string} text */
function refusal(answer, text) {
  let problem = {};
  try {
    problem = JSON.parse(text);
  } catch {
    // a proxy's page, not an answer of the chat
  }
  const retryAfter = Number(answer.headers.get("Retry-After")) || undefined;
  const [first] = problem.errors ?? [];
  const words = first?.message ?? problem.detail ?? problem.title ?? `The server answered ${answer.status}.`;
  return new ApiError(answer.status, problem.code ?? "", words, retryAfter);
}

/** @param {string} name */
const part = (name) => encodeURIComponent(name);

/** @param {Record<string, unknown>} values */
function query(values) {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
  return new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
}
