/** The calls of the HTTP API that this page makes. The token rides in a header, never in a URL. */

/** A call that was refused; `status` is 0 if the server could not be reached. */
export class ApiError extends Error {
  constructor(status, words) {
    super(words);
    this.name = "ApiError";
    this.status = status;
  }
}

export class Api {
  /** @param {URL} base where the chat is mounted @param {string} token */
  constructor(base, token) {
    this.base = base;
    this.token = token;
  }

  me = () => this.#call("GET", "me");
  overview = (since) => this.#call("GET", `admin/overview?since=${since}`);
  rooms = (query) => this.#call("GET", `admin/rooms?${new URLSearchParams(query)}`);
  sessions = (query) => this.#call("GET", `admin/sessions?${new URLSearchParams(query)}`);
  hooks = () => this.#call("GET", "admin/hooks");
  users = (room) => this.#call("GET", `rooms/${part(room)}/users`);
  kick = (room, user) => this.#call("POST", `rooms/${part(room)}/kick`, { user_id: user });
  ban = (room, user, seconds) => this.#call("PUT", `rooms/${part(room)}/bans/${part(user)}`, { seconds });
  disconnect = (user) => this.#call("POST", `users/${part(user)}/disconnect`);

  async #call(method, path, body) {
    const headers = new Headers({ Accept: "application/json", Authorization: `Bearer ${this.token}` });
    if (body) headers.set("Content-Type", "application/json");
    let answer;
    try {
      const request = { method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(10_000) };
      answer = await fetch(new URL(`api/${path}`, this.base), request);
    } catch {
      throw new ApiError(0, "The server can't be reached.");
    }
    const text = await answer.text().catch(() => "");
    if (!answer.ok) throw new ApiError(answer.status, wordsOf(text) ?? `The server answered ${answer.status}.`);
    return text ? JSON.parse(text) : null;
  }
}

function wordsOf(text) {
  try {
    return JSON.parse(text).detail;
  } catch {
    return null; // a proxy's page, not an answer of the chat
  }
}

const part = (name) => encodeURIComponent(name);
