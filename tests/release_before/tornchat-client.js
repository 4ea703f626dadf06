/**
 * A client for one room of a tornchat server: copy this file into your site. It needs nothing else.
 *
 *     import { TornchatClient } from "./tornchat-client.js";
 *
 *     const chat = new TornchatClient({ base: "https://chat.example.org/", room: "general", token });
 *     chat.addEventListener("message", ({ detail }) => show(detail.sender_username, detail.message));
 *     chat.connect();
 *     await chat.send("Hello world!");
 *
 * What it promises:
 * - Every message of the room is told once and in order, also over reconnects: it resumes where it was. If the
 *   server can't do that, `welcome` says `recovered: false`: drop what you show, the newest history follows.
 * - What you send is stored once or refused with a reason, however often the connection breaks meanwhile.
 * - It reconnects by itself, after a random time that grows with each failure (full jitter), or when the server
 *   asks it to. After a final close (4000 no such room, 4001 unauthorized, 4003 removed) it doesn't.
 *
 * Texts and names come from other people. Show them with `textContent`, never as HTML.
 *
 * @module
 */

/**
 * @typedef {{ id: string, username: string }} Participant
 * @typedef {{ epoch: string, seq: number }} Position   A place in the room's log.
 *
 * @typedef {object} Message          A `message` event's detail.
 * @property {number} seq             Its place in the log; `message_deleted` names it.
 * @property {string} message         The text; empty if it was deleted.
 * @property {string} sender_id
 * @property {string} sender_username
 * @property {string} timestamp       When it was stored, RFC 3339 in UTC.
 *
 * @typedef {object} Welcome          A `welcome` event's detail: the first of every connection.
 * @property {string} room
 * @property {Participant} user       Yourself, as the server knows you.
 * @property {string} epoch
 * @property {number} seq             Messages up to it are history, later ones are live.
 * @property {boolean} recovered      False: drop what you show, the newest history follows.
 *
 * @typedef {object} State            A `state` event's detail.
 * @property {"idle" | "connecting" | "open" | "waiting" | "closed"} state
 * @property {number} [attempt]       How many connections in a row have failed.
 * @property {number} [retryAt]       With "waiting": when the next attempt begins, as `Date.now()` counts.
 * @property {number} [code]          With "closed": the final close code; none after `close()`.
 * @property {string} [reason]
 *
 * @typedef {object} Options
 * @property {string} room
 * @property {string | (() => string | Promise<string>)} [token]   A function is asked before each connection. None:
 *   the site's own login, such as a cookie, says who this is.
 * @property {string | URL} [base]    Where the chat is mounted, such as "https://example.org/talk/"; this page.
 * @property {Position} [position]    Resume after it at once, as a page does that has kept its messages.
 */

const SUBPROTOCOL = "tornchat.v1";
const FINAL_CODES = new Set([4000, 4001, 4003]);
const UNAUTHORIZED = 4001;
const TOO_BIG = 1009;
const POSITION_LOST = 4010;
const RETRYABLE = new Set(["rate_limited", "unconfirmed", "unavailable", "busy"]);

const BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 30_000;
const WELCOME_MS = 15_000; // a handshake may take so long
const ANSWER_MS = 10_000; // the server answers each message within five seconds; after ten the line is dead
const STEADY_MS = 5_000; // a connection that lasted so long was no failure
const MOST_TRIES = 6;

/** A message that was not sent. `code` is one of the documented error codes, or "closed". */
export class TornchatError extends Error {
  /** @param {string} code @param {string} text */
  constructor(code, text) {
    super(text);
    this.name = "TornchatError";
    this.code = code;
  }
}

/** A new id for a message: 128 random bits. (`crypto.randomUUID` is only there on https pages.) @returns {string} */
export function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * One room, kept connected. Events, each with its `detail`: `state` (State), `welcome` (Welcome), `message` (Message),
 * `deleted` ({seq, position}), `users` ({users: Participant[]}), `join` and `leave` ({user_id, username}), `error`
 * ({code, error, retry_after?}: a refusal that belongs to no message).
 */
export class TornchatClient extends EventTarget {
  #room;
  #token;
  #base;
  /** @type {Position | null} */ #position;
  /** @type {Welcome | null} */ #welcome = null;
  /** @type {WebSocket | null} */ #socket = null;
  /** @type {Map<string, {id: string, text: string, sent: boolean, tries: number, timer?: number, resolve: Function, reject: Function}>} */
  #pending = new Map();
  /** @type {State} */ #state = { state: "idle" };
  #attempt = 0;
  #openedAt = Infinity;
  #timer = 0;
  #flushTimer = 0;

  /** @param {Options} options */
  constructor({ room, token, base = globalThis.document?.baseURI, position = undefined }) {
    super();
    this.#room = room;
    this.#token = token;
    this.#base = new URL(".", new URL(base, globalThis.document?.baseURI));
    this.#position = position ?? null;
  }

  /** How it stands now. @returns {State} */
  get state() {
    return this.#state;
  }

  /** The last place that was told, to resume after. @returns {Position | null} */
  get position() {
    return this.#position;
  }

  /** Connect, and stay connected until `close`. While it waits for the next attempt: try now. */
  connect() {
    if (this.#state.state === "connecting" || this.#state.state === "open") return;
    globalThis.removeEventListener?.("online", this.#onOnline);
    globalThis.addEventListener?.("online", this.#onOnline);
    void this.#open();
  }

  /** Leave for good. What is not acknowledged is refused with the code "closed". */
  close() {
    this.#drop(1000);
    this.#end({ state: "closed" });
  }

  /**
   * Send a message, now or as soon as there is a connection.
   * @param {string} text
   * @param {string} [id]   Yours, from `newId`; sending an id again with the same text stores nothing twice.
   * @returns {Promise<{id: string, seq: number}>}   It is stored. Rejects with a `TornchatError` if it is not.
   */
  send(text, id = newId()) {
    return new Promise((resolve, reject) => {
      if (this.#state.state === "closed") {
        reject(new TornchatError("closed", "The connection is closed."));
        return;
      }
      this.#pending.set(id, { id, text, sent: false, tries: 0, resolve, reject });
      this.#flush();
    });
  }

  // --- connecting -------------------------------------------------------------------------------------------------

  #onOnline = () => {
    if (this.#state.state === "waiting") this.connect();
  };

  async #open() {
    clearTimeout(this.#timer);
    this.#change({ state: "connecting", attempt: this.#attempt });
    const asked = this.#state;
    let socket;
    try {
      const token = typeof this.#token === "function" ? await this.#token() : this.#token;
      if (this.#state !== asked) return;
      socket = this.#dial(token);
    } catch (error) {
      if (this.#state === asked) this.#onTokenless(error);
      return;
    }
    this.#socket = socket;
    this.#welcome = null;
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    socket.onclose = ({ code, reason }) => this.#lost(code, reason);
    this.#timer = setTimeout(() => this.#giveUp(), WELCOME_MS);
  }

  /** @param {string} token */
  #dial(token) {
    const url = new URL(`ws/chat/${encodeURIComponent(this.#room)}/`, this.#base);
    url.protocol = url.protocol === "https:" || url.protocol === "wss:" ? "wss:" : "ws:";
    if (this.#position) {
      url.searchParams.set("since", String(this.#position.seq));
      url.searchParams.set("epoch", this.#position.epoch);
    }
    // The token rides as a subprotocol: a browser can't set headers here, and a URL would be logged.
    return new WebSocket(url, token ? [SUBPROTOCOL, `bearer.${token}`] : [SUBPROTOCOL]);
  }

  /** @param {unknown} error   What is no token at all can't be offered; a token that can't be had may be there later. */
  #onTokenless(error) {
    if (error instanceof DOMException) this.#end({ state: "closed", code: UNAUTHORIZED, reason: "not a token" });
    else this.#lost(1006, "");
  }

  #giveUp() {
    this.#drop();
    this.#lost(1006, "");
  }

  /** Let the socket go without waiting for its end: a dead line would take minutes to tell. @param {number} [code] */
  #drop(code) {
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onmessage = socket.onclose = null;
    socket.close(code);
  }

  /** @param {number} code @param {string} reason */
  #lost(code, reason) {
    this.#socket = null;
    this.#unsend(code);
    if (FINAL_CODES.has(code)) {
      this.#end({ state: "closed", code, reason });
      return;
    }
    if (code === POSITION_LOST) this.#position = null;
    if (Date.now() - this.#openedAt >= STEADY_MS) this.#attempt = 0;
    this.#openedAt = Infinity;
    const wait = this.#wait(reason);
    this.#attempt += 1;
    this.#change({ state: "waiting", attempt: this.#attempt, retryAt: Date.now() + wait });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#open(), wait);
  }

  /** Milliseconds until the next attempt. A server that goes away spreads its clients itself. @param {string} reason */
  #wait(reason) {
    const asked = /\bretry_after=(\d+(?:\.\d+)?)/.exec(reason);
    if (asked) return Number(asked[1]) * 1000;
    return Math.random() * Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** this.#attempt);
  }

  /** @param {State} state */
  #end(state) {
    clearTimeout(this.#timer);
    clearTimeout(this.#flushTimer);
    globalThis.removeEventListener?.("online", this.#onOnline);
    this.#change(state);
    for (const { id } of [...this.#pending.values()]) this.#refuse(id, "closed", "The connection is closed.");
  }

  /** @param {State} state */
  #change(state) {
    this.#state = state;
    this.#emit("state", state);
  }

  /** @param {string} type @param {object} detail */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  // --- receiving --------------------------------------------------------------------------------------------------

  /** @param {any} frame */
  #receive(frame) {
    const { type, ...detail } = frame;
    if (type === "welcome") this.#onWelcome(detail);
    else if (type === "room_users_list") this.#emit("users", detail);
    else if (type === "chat_message") this.#onEntry("message", detail.seq, detail);
    else if (type === "message_deleted") this.#onEntry("deleted", detail.position, detail);
    else this.#onLive(type, detail);
  }

  /** @param {Welcome} welcome */
  #onWelcome(welcome) {
    clearTimeout(this.#timer);
    this.#welcome = welcome;
    this.#openedAt = Date.now();
    // Until some history has come there is no position to resume after, unless there is none to come.
    if (!welcome.recovered) this.#position = welcome.seq === 0 ? { epoch: welcome.epoch, seq: 0 } : null;
    this.#emit("welcome", welcome);
    this.#change({ state: "open" });
    this.#flush();
  }

  /** @param {string} type @param {number} place @param {object} detail */
  #onEntry(type, place, detail) {
    if (!this.#welcome || (this.#position && place <= this.#position.seq)) return;
    this.#position = { epoch: this.#welcome.epoch, seq: place };
    this.#emit(type, detail);
  }

  /** What comes live comes after all history. @param {string} type @param {any} detail */
  #onLive(type, detail) {
    if (!this.#welcome) return;
    const { epoch, seq } = this.#welcome;
    if (type !== "error" && seq > (this.#position?.seq ?? -1)) this.#position = { epoch, seq };
    if (type === "user_join") this.#emit("join", detail);
    else if (type === "user_leave") this.#emit("leave", detail);
    else if (type === "ack") this.#onAck(detail);
    else if (type === "error") this.#onError(detail);
  }

  // --- sending ----------------------------------------------------------------------------------------------------

  #flush() {
    if (this.#state.state !== "open" || this.#flushTimer) return;
    for (const pending of this.#pending.values()) {
      if (pending.sent) continue;
      pending.sent = true;
      pending.timer = setTimeout(() => this.#giveUp(), ANSWER_MS);
      this.#socket?.send(JSON.stringify({ type: "send", id: pending.id, message: pending.text }));
    }
  }

  /** The connection is gone: what it did not acknowledge is sent again on the next. @param {number} code */
  #unsend(code) {
    clearTimeout(this.#flushTimer);
    this.#flushTimer = 0;
    const sent = [...this.#pending.values()].filter((pending) => pending.sent);
    for (const pending of sent) {
      clearTimeout(pending.timer);
      pending.sent = false;
    }
    if (code !== TOO_BIG || !sent.length) return;
    const longest = sent.reduce((a, b) => (b.text.length > a.text.length ? b : a));
    this.#refuse(longest.id, "message_too_long", "The message is too long.");
  }

  /** @param {{id: string, seq: number}} ack */
  #onAck(ack) {
    this.#take(ack.id)?.resolve(ack);
  }

  /** @param {{code: string, error: string, id?: string, retry_after?: number}} error */
  #onError(error) {
    const pending = error.id === undefined ? undefined : this.#pending.get(error.id);
    if (!pending) {
      this.#emit("error", error);
      return;
    }
    clearTimeout(pending.timer);
    pending.tries += 1;
    if (!RETRYABLE.has(error.code) || pending.tries >= MOST_TRIES) {
      this.#refuse(pending.id, error.code, error.error);
      return;
    }
    pending.sent = false;
    this.#flushLater((error.retry_after ?? 0) * 1000 + Math.random() * BACKOFF_MS * 2 ** (pending.tries - 1));
  }

  /** Later messages wait, too, so that they keep their order. @param {number} wait */
  #flushLater(wait) {
    clearTimeout(this.#flushTimer);
    this.#flushTimer = setTimeout(() => {
      this.#flushTimer = 0;
      this.#flush();
    }, wait);
  }

  /** @param {string} id @param {string} code @param {string} text */
  #refuse(id, code, text) {
    this.#take(id)?.reject(new TornchatError(code, text));
  }

  /** @param {string} id */
  #take(id) {
    const pending = this.#pending.get(id);
    clearTimeout(pending?.timer);
    this.#pending.delete(id);
    return pending;
  }
}
