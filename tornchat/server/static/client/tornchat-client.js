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
 * - `messages` has the newest messages as they are now: edits and deletions are applied, in their order.
 * - What you send is stored once or refused with a reason, however often the connection breaks meanwhile.
 * - It reconnects by itself, after a random time that grows with each failure (full jitter), or when the server
 *   asks it to. After a final close (4000 no such room, 4001 unauthorized, 4003 removed) it doesn't.
 * - A path that died silently is noticed within ten seconds while the page is seen; when the page is shown again or
 *   the device is online again, the client asks the server at once.
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
 * @property {number} [revision]      How often it was edited, if it was.
 * @property {string} [edited_at]     When last.
 * @property {number} [position]      The place of the last entry that acted on it, if one did.
 * @property {number} [reply_to]      The place of the message that it answers.
 * @property {number} [thread]        The place of the message whose thread it is in.
 * @property {{users: string[], room: boolean}} [mentions]   Ids of users; `room`: everybody.
 * @property {object} [meta]          What the application said about it.
 * @property {{count: number, last_seq: number}} [replies]   Its own thread, without deleted messages, if it has one.
 * @property {Marks} [marks]          How it is marked, if it is.
 * @property {string} [kind]          Its kind, if it is one that a plugin of the server brings.
 * @property {object} [data]          What its kind says of it.
 * @property {boolean} [open]         It is being streamed: it grows until it is closed.
 * @property {Ending} [status]        How it ended, if it was streamed.
 *
 * @typedef {"complete" | "cancelled" | "failed"} Ending
 *
 * @typedef {Object<string, Object<string, {count: number, users?: string[]}>>} Marks
 *   Kind, such as "reaction" -> token, such as an emoji -> how many users have it, and who, unless they are many.
 *
 * @typedef {object} Changed          A `changed` event's detail. A message outside of `messages` that you keep is older if
 *                                    its position is lower; ignore changes of those that you don't.
 * @property {number} seq
 * @property {number} position        The place of the edit itself.
 * @property {number} revision
 * @property {string} [message]       The new text.
 * @property {string} [edited_at]
 * @property {object} [meta]          The new one.
 * @property {Marks} [marks]          How it is marked now, if that may have changed.
 * @property {object} [data]          What its kind says of it now, if that may have changed.
 * @property {boolean} [open]         Of a streamed message: whether it still is.
 * @property {Ending} [status]        How it ended.
 *
 * @typedef {object} Appended         An `appended` event's detail: an open message has grown.
 * @property {number} seq
 * @property {number} position        The place of the piece.
 * @property {number} offset          Where the piece begins in the text, in code points.
 * @property {string} message         The piece. `messages` has the whole text.
 *
 * @typedef {object} Marked           A `marked` event's detail: users have marked a message, or have taken marks back.
 * @property {string} kind            Such as "reaction".
 * @property {number} seq
 * @property {number} position        The place of the last of these marks.
 * @property {Object<string, number>} counts   How many users have each token that changed; 0: nobody any more.
 * @property {{user_id: string, added: string[], removed: string[]}[]} changes   In their order.
 *
 * @typedef {object} Extras           What a message may say beyond its text.
 * @property {number} [reply_to]      The place of the message that it answers.
 * @property {number} [thread]        The place of the message whose thread it is in.
 * @property {{users?: string[], room?: boolean}} [mentions]   Ids of users, at most 50; `room`: everybody.
 * @property {object} [meta]          A JSON object, at most 8 KiB, 32 levels deep.
 * @property {string} [kind]          A kind of messages that a plugin of the server brings.
 * @property {object} [data]          What this kind wants to know, at most 8 KiB.
 * @property {boolean} [open]         It is streamed.
 *
 * @typedef {object} Welcome          A `welcome` event's detail: the first of every connection.
 * @property {string} room
 * @property {Participant} user       Yourself, as the server knows you.
 * @property {string} epoch
 * @property {number} seq             Messages up to it are history, later ones are live.
 * @property {boolean} recovered      False: drop what you show, the newest history follows.
 * @property {number} [read_seq]      How far you have read, on any device, if the server can tell.
 * @property {number} [unread]        The number of messages after it.
 *
 * @typedef {object} State            A `state` event's detail.
 * @property {"idle" | "connecting" | "open" | "waiting" | "closed"} state
 * @property {number} [attempt]       How many connections in a row have failed.
 * @property {number} [retryAt]       With "waiting": when the next attempt begins, as `Date.now()` counts.
 * @property {number} [code]          With "closed": the final close code; none after `close()`.
 * @property {string} [reason]
 *
 * @typedef {{id: string, type: string, message?: string} & Record<string, unknown>} Frame   What is sent, until it is acknowledged.
 *
 * @typedef {object} Events           The events, and their details.
 * @property {State} state
 * @property {Welcome} welcome
 * @property {Message} message
 * @property {Changed} changed
 * @property {Appended} appended
 * @property {Marked} marked
 * @property {{seq: number, position: number}} deleted
 * @property {{position: number}} caughtup
 * @property {{users: Participant[]}} users
 * @property {{user_id: string, username: string}} join
 * @property {{user_id: string, username: string}} leave
 * @property {{title: string, topic: string, kind: string}} room   What the room says of itself from then on.
 * @property {{code: string, error: string, retry_after?: number}} error
 *
 * @typedef {object} Options
 * @property {string} room
 * @property {string | (() => string | Promise<string>)} [token]   A function is asked before each connection, also
 *   when the token of an open one has ended. None: the site's own login, such as a cookie, says who this is.
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
const TICK_MS = 500; // a browser lets a page that is not seen tick less often
const QUIET_TICKS = 6; // after 3 s without a frame the client asks,
const SILENT_TICKS = 17; // and after 8.5 s the path is dead
const ASK_MS = 1_000; // at most one ping in this time
const STALE_MS = 5_000; // a connection attempt that is older is made anew when the path may have changed
const WAKES = ["online", "pageshow", "visibilitychange"]; // when the path may have changed or died unnoticed
const STEADY_MS = 5_000; // a connection that lasted so long was no failure
const MOST_TRIES = 6;
const MOST_MESSAGES = 1_000;
const MOST_USERS = 20; // of a token, who are told with a message

/**
 * What was not sent. `code` is a documented error code, or "closed"; with "stale", there is the present `revision`, or
 * `length` of an open message.
 */
export class TornchatError extends Error {
  /** @param {string} code @param {string} text @param {number} [revision] @param {number} [length] */
  constructor(code, text, revision, length) {
    super(text);
    this.name = "TornchatError";
    this.code = code;
    this.revision = revision;
    this.length = length;
  }
}

/** A token as a subprotocol: what none may contain is percent-encoded. A JWT stays as it is. @param {string} token */
function escaped(token) {
  return encodeURIComponent(token).replace(/[()]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);
}

/**
 * The message marked so; without `marks` if there are none, as the server sends it.
 * @param {Message} message @param {Marks} [marks] @returns {Message}
 */
function withMarks(message, marks) {
  const { marks: _, ...others } = message;
  return marks && Object.keys(marks).length ? { ...others, marks } : others;
}

/**
 * The tokens of one kind after these changes. Who has a token is known as long as they are few.
 * @param {Object<string, {count: number, users?: string[]}> | undefined} before @param {Marked} marked
 */
function counted(before, { counts, changes }) {
  const after = new Map(Object.entries(before ?? {})); // a token may be "__proto__"
  for (const [token, count] of Object.entries(counts)) {
    const users = new Set(after.get(token)?.users);
    for (const { user_id, added, removed } of changes) {
      if (removed.includes(token)) users.delete(user_id);
      if (added.includes(token)) users.add(user_id);
    }
    if (count === 0) after.delete(token);
    else after.set(token, users.size === count && count <= MOST_USERS ? { count, users: [...users] } : { count });
  }
  return Object.fromEntries(after);
}

/** The length of a text in code points, as offsets count. @param {string} text */
function codePoints(text) {
  let count = text.length;
  for (let at = 1; at < text.length; at += 1) if ((text.codePointAt(at - 1) ?? 0) > 0xffff) count -= 1;
  return count;
}

/**
 * The marks of a message after a `marked` event, for messages that you keep outside of `messages`.
 * @param {Marks | undefined} marks @param {Marked} marked @returns {Marks}
 */
export function withMarked(marks, marked) {
  const after = { ...marks, [marked.kind]: counted(marks?.[marked.kind], marked) };
  if (!Object.keys(after[marked.kind]).length) delete after[marked.kind];
  return after;
}

/** A new id for a message: 128 random bits. (`crypto.randomUUID` is only there on https pages.) @returns {string} */
export function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The ids of the users whom this user blocks, for `client.blocked`. Empty if the server stores no blocks.
 * @param {{ token?: string, base?: string | URL }} options   As for `TornchatClient`; the token itself.
 * @returns {Promise<Set<string>>}   Rejects if the server can't be reached or refuses.
 */
export async function readBlocks({ token, base = globalThis.document?.baseURI }) {
  const url = new URL("api/me/blocks", new URL(".", new URL(base, globalThis.document?.baseURI)));
  const headers = new Headers(token ? { Authorization: `Bearer ${token}` } : {});
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(ANSWER_MS) });
  if (answer.status === 404 || answer.status === 501) return new Set();
  if (!answer.ok) throw new TornchatError("unavailable", `The server answered ${answer.status}.`);
  return new Set((await answer.json()).user_ids);
}

/**
 * The name of the one room of this user and the users with these ids, for a `TornchatClient`.
 * @param {{ token?: string, base?: string | URL, userIds: string[] }} options   As for `TornchatClient`; the token itself.
 * @returns {Promise<string>}   Rejects with a `TornchatError`: "not_found" if one of them can't be reached, and others.
 */
export async function openDirect({ token, base, userIds }) {
  return (await post("direct", { user_ids: userIds }, token, base)).name;
}

/**
 * Make this user a member of the room of an invite. It may be accepted again.
 * @param {{ token?: string, base?: string | URL, invite: string }} options   `invite` is the token of the invite.
 * @returns {Promise<string>}   The name of the room. Rejects with a `TornchatError`: "invite_expired",
 *   "invite_used_up", "not_found" if it was revoked or the room was deleted, and others.
 */
export async function acceptInvite({ token, base, invite }) {
  return (await post("invites/accept", { token: invite }, token, base)).room;
}

/** @param {string} path @param {object} body @param {string} [token] @param {string | URL} [base] */
async function post(path, body, token, base = globalThis.document?.baseURI) {
  const url = new URL(`api/${path}`, new URL(".", new URL(base, globalThis.document?.baseURI)));
  const headers = new Headers({ "Content-Type": "application/json" });
  if (token) headers.set("Authorization", `Bearer ${token}`);
  const request = { method: "POST", headers, body: JSON.stringify(body), signal: AbortSignal.timeout(ANSWER_MS) };
  const answer = await fetch(url, request);
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    throw new TornchatError(found.code ?? "unavailable", found.detail ?? `The server answered ${answer.status}.`);
  }
  return found;
}

/**
 * One room, kept connected. Events, each with its `detail`: `state` (State), `welcome` (Welcome), `message` (Message),
 * `changed` (Changed), `appended` (Appended), `marked` (Marked), `deleted` ({seq, position}), `caughtup` ({position}: what follows is live), `users` ({users: Participant[]}), `join` and `leave` ({user_id, username}),
 * `room` ({title, topic, kind}: what the room says of itself from then on), `typing` ({user_id, thread?}: for at most 8 s, until
 * a message or the leave of the user), `read` ({seq}: how far you have read, on any device), `readstate` ({user_id, seq}: another
 * user, if the server tells it), `error`
 * ({code, error, retry_after?}: a refusal that belongs to no message).
 */
export class TornchatClient extends EventTarget {
  /** Ids of users whose messages are not told; see `readBlocks`. It may be changed at any time. @type {Set<string>} */
  blocked = new Set();
  #room;
  #token;
  #base;
  /** @type {Position | null} */ #position;
  /** @type {Welcome | null} */ #welcome = null;
  /** @type {WebSocket | null} */ #socket = null;
  /** @type {Map<string, {id: string, frame: Frame, sent: boolean, tries: number, timer?: number, resolve: Function, reject: Function}>} */
  #pending = new Map();
  /** @type {State} */ #state = { state: "idle" };
  /** @type {Map<number, Message>} */ #messages = new Map();
  #told = 0; // the last place of a message or a deletion that was told
  /** @type {string | undefined} The token of this connection. */ #dialled;
  #attempt = 0;
  #openedAt = Infinity;
  #triedAt = 0;
  #timer = 0;
  #flushTimer = 0;
  #heart = 0;
  #ticks = 0; // without a frame; counted, since a page that was frozen first looks at what has come meanwhile
  #pings = 0; // without an answer
  #askedAt = 0;

  /** @param {Options} options */
  constructor({ room, token, base = globalThis.document?.baseURI, position = undefined }) {
    super();
    this.#room = room;
    this.#token = token;
    this.#base = new URL(".", new URL(base, globalThis.document?.baseURI));
    this.#position = position ?? null;
    this.#told = position?.seq ?? 0;
  }

  /**
   * Hear of an event; TypeScript knows the detail of each.
   * @template {keyof Events} T
   * @param {T} type
   * @param {((event: CustomEvent<Events[T]>) => void) | EventListenerObject | null} listener
   * @param {boolean | AddEventListenerOptions} [options]
   */
  addEventListener(type, listener, options) {
    super.addEventListener(type, /** @type {EventListenerOrEventListenerObject | null} */ (listener), options);
  }

  /** The newest messages, as they are now, by `seq`, oldest first. Don't change it. @returns {Map<number, Message>} */
  get messages() {
    return this.#messages;
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
    for (const wake of WAKES) globalThis.addEventListener?.(wake, this.#onWake);
    void this.#open();
  }

  /**
   * You have read up to this place. It never goes back, except with `force`.
   * @param {number} seq @param {{force?: boolean}} [options]
   * @returns {boolean}   False: there is no connection, and nothing was told.
   */
  read(seq, { force } = {}) {
    return this.#tell({ type: "read", seq, force });
  }

  /**
   * You are typing: call it every 3 seconds while that is so.
   * @param {number} [thread]   The place of the message in whose thread.
   * @returns {boolean}   False: there is no connection, and nothing is shown.
   */
  typing(thread) {
    return this.#tell({ type: "typing", thread });
  }

  /** Leave for good. What is not acknowledged is refused with the code "closed". */
  close() {
    this.#drop(1000);
    this.#end({ state: "closed" });
  }

  /**
   * Send a message, now or as soon as there is a connection. With `open: true` it is streamed: `append` adds to it.
   * @param {string} text
   * @param {string} [id]   Yours, from `newId`; sending an id again with the same text stores nothing twice.
   * @param {Extras} [extras]
   * @returns {Promise<{id: string, seq: number}>}   It is stored. Rejects with a `TornchatError` if it is not.
   */
  send(text, id = newId(), { reply_to, thread, mentions, meta, kind, data, open } = {}) {
    return this.#request({ type: "send", id, message: text, reply_to, thread, mentions, meta, kind, data, open });
  }

  /**
   * Add a piece to an open message of yours. If it is not as long as you say, the error has the code "stale".
   * @param {number} seq
   * @param {number} offset     The length of its text in code points: `[...text].length`.
   * @param {string} text
   * @param {string} [id]
   * @returns {Promise<{id: string, seq: number, position: number}>}
   */
  append(seq, offset, text, id = newId()) {
    return this.#request({ type: "append", id, seq, offset, message: text });
  }

  /**
   * End an open message of yours: "complete", "cancelled" or "failed". (`close` ends the connection.)
   * @param {number} seq
   * @param {Ending} [status]
   * @param {string} [id]
   * @returns {Promise<{id: string, seq: number, position: number}>}
   */
  closeMessage(seq, status = "complete", id = newId()) {
    return this.#request({ type: "close", id, seq, status });
  }

  /**
   * Give a message of yours another text. If it was changed meanwhile, the error has the code "stale".
   * @param {number} seq
   * @param {string} text
   * @param {number} [revision]   The one that the new text is made of; that of the message in `messages`.
   * @param {string} [id]
   * @param {{meta?: object}} [extras]   Without `meta`, that of the message stays as it is.
   * @returns {Promise<{id: string, seq: number, position: number}>}
   */
  edit(seq, text, revision = this.#messages.get(seq)?.revision ?? 0, id = newId(), { meta } = {}) {
    return this.#request({ type: "edit", id, seq, revision, message: text, meta });
  }

  /**
   * Delete a message of yours, or as a moderator.
   * @param {number} seq
   * @param {string} [id]
   * @returns {Promise<{id: string, seq: number, position: number}>}
   */
  delete(seq, id = newId()) {
    return this.#request({ type: "delete", id, seq });
  }

  /**
   * Replace what you have put on a message, such as reactions, by these tokens; none removes it.
   * @param {number} seq
   * @param {string[]} tokens     At most 20, such as emoji.
   * @param {string} [kind]
   * @param {string} [id]
   * @returns {Promise<{id: string, seq: number, position: number}>}
   */
  mark(seq, tokens, kind = "reaction", id = newId()) {
    return this.#request({ type: "mark", id, kind, seq, tokens });
  }

  /**
   * Change a message in the way of a kind that a plugin of the server brings, such as closing a poll.
   * @param {number} seq
   * @param {string} kind
   * @param {object} [data]       What this kind wants to know.
   * @param {string} [id]
   * @returns {Promise<{id: string, seq: number, position: number}>}
   */
  revise(seq, kind, data, id = newId()) {
    return this.#request({ type: "revise", id, kind, seq, data });
  }

  /** @param {Frame} frame @returns {Promise<any>} */
  #request(frame) {
    return new Promise((resolve, reject) => {
      if (this.#state.state === "closed") {
        reject(new TornchatError("closed", "The connection is closed."));
        return;
      }
      this.#pending.set(frame.id, { id: frame.id, frame, sent: false, tries: 0, resolve, reject });
      this.#flush();
    });
  }

  // --- connecting -------------------------------------------------------------------------------------------------

  /** @param {Event} event */
  #onWake = ({ type }) => {
    if (type === "visibilitychange" && document.hidden) return;
    const { state } = this.#state;
    if (state === "open") this.#ask();
    else if (state === "connecting" && Date.now() - this.#triedAt > STALE_MS) this.#giveUp();
    if (this.#state.state === "waiting") this.connect();
  };

  async #open() {
    clearTimeout(this.#timer);
    this.#triedAt = Date.now();
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

  /** @param {string} [token] */
  #dial(token) {
    const url = new URL(`ws/chat/${encodeURIComponent(this.#room)}/`, this.#base);
    url.protocol = url.protocol === "https:" || url.protocol === "wss:" ? "wss:" : "ws:";
    if (this.#position) {
      url.searchParams.set("since", String(this.#position.seq));
      url.searchParams.set("epoch", this.#position.epoch);
    }
    this.#dialled = token;
    // The token rides as a subprotocol: a browser can't set headers here, and a URL would be logged.
    return new WebSocket(url, token ? [SUBPROTOCOL, `bearer.${escaped(token)}`] : [SUBPROTOCOL]);
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
    clearInterval(this.#heart);
    if (!socket) return;
    socket.onmessage = socket.onclose = null;
    socket.close(code);
  }

  /** @param {number} code @param {string} reason */
  #lost(code, reason) {
    this.#socket = null;
    clearInterval(this.#heart);
    this.#unsend(code);
    if (code === UNAUTHORIZED && this.#welcome && typeof this.#token === "function") {
      void this.#goOn({ state: "closed", code, reason });
      return;
    }
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

  /** The token of an open connection has ended: go on with another one, if there is one. @param {State} end */
  async #goOn(end) {
    this.#welcome = null;
    this.#change({ state: "connecting", attempt: this.#attempt });
    const asked = this.#state;
    const given = this.#token;
    const token = await Promise.resolve().then(typeof given === "function" ? given : undefined).catch(() => this.#dialled);
    if (this.#state !== asked) return;
    if (token === this.#dialled) this.#end(end);
    else void this.#open();
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
    clearInterval(this.#heart);
    for (const wake of WAKES) globalThis.removeEventListener?.(wake, this.#onWake);
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

  // --- the heartbeat ----------------------------------------------------------------------------------------------

  #tick() {
    this.#ticks += 1;
    if (this.#ticks >= SILENT_TICKS) this.#giveUp();
    else if (this.#ticks === QUIET_TICKS) this.#ask();
  }

  /** Ask whether the server is there: any frame is an answer, and none for long ends the connection. */
  #ask() {
    this.#ticks = Math.max(this.#ticks, QUIET_TICKS);
    if (Date.now() - this.#askedAt < ASK_MS) return;
    this.#askedAt = Date.now();
    this.#pings += 1;
    this.#socket?.send('{"type":"ping"}');
  }

  /** A server of an older version answers a ping with an error. @param {{code: string, id?: string}} error */
  #answersPing({ code, id }) {
    if (this.#pings === 0 || id !== undefined || code !== "invalid_message") return false;
    this.#pings -= 1;
    return true;
  }

  // --- receiving --------------------------------------------------------------------------------------------------

  /** @param {any} frame */
  #receive(frame) {
    this.#ticks = 0;
    const { type, ...detail } = frame;
    if (type === "pong") this.#pings = 0;
    else if (type === "error" && this.#answersPing(detail)) return;
    else if (type === "welcome") this.#onWelcome(detail);
    else if (type === "room_users_list") this.#emit("users", detail);
    else if (type === "chat_message") this.#onMessage(detail);
    else if (type === "message_changed") this.#onChanged(detail);
    else if (type === "message_appended") this.#onAppended(detail);
    else if (type === "marked") this.#onMarked(detail);
    else if (type === "message_deleted") this.#onDeleted(detail);
    else if (type === "caught_up") this.#onCaughtUp(detail);
    else this.#onLive(type, detail);
  }

  /** @param {Welcome} welcome */
  #onWelcome(welcome) {
    clearTimeout(this.#timer);
    this.#welcome = welcome;
    this.#openedAt = Date.now();
    clearInterval(this.#heart);
    this.#heart = setInterval(() => this.#tick(), TICK_MS);
    this.#pings = 0;
    // Until some history has come there is no position to resume after, unless there is none to come.
    if (!welcome.recovered) {
      this.#position = welcome.seq === 0 ? { epoch: welcome.epoch, seq: 0 } : null;
      this.#messages.clear();
      this.#told = 0;
    }
    this.#emit("welcome", welcome);
    this.#change({ state: "open" });
    this.#flush();
  }

  /**
   * An entry of the log has come. A resume tells of new messages before what has changed in earlier ones: the position
   * moves when it is whole. A usual history has all messages as they are: it moves with each.
   * @param {number} place
   */
  #onEntry(place) {
    if (!this.#welcome) return;
    if (!this.#welcome.recovered || place > this.#welcome.seq) this.#reach(place);
  }

  /** @param {number} place */
  #reach(place) {
    if (this.#welcome && place > (this.#position?.seq ?? -1)) this.#position = { epoch: this.#welcome.epoch, seq: place };
  }

  /** @param {Message} message */
  #onMessage(message) {
    const { seq, position = seq } = message;
    const held = this.#messages.get(seq);
    if (seq > this.#told) {
      this.#told = seq;
      this.#messages.set(seq, message);
      if (message.thread && seq > (this.#messages.get(message.thread)?.replies?.last_seq ?? 0)) this.#recount(message.thread);
      if (this.#messages.size > MOST_MESSAGES) this.#messages.delete(this.#messages.keys().next().value ?? 0);
      if (!this.blocked.has(message.sender_id)) this.#emit("message", message);
    } else if (held && position > (held.position ?? seq)) {
      // It was told before a connection broke, and has changed since.
      const open = message.open ?? (held.open ? false : undefined);
      if (message.message) this.#onChanged({ revision: 0, marks: {}, ...message, open, position });
      else this.#onDeleted({ seq, position });
    }
    this.#onEntry(seq);
  }

  /** @param {Changed & {replies?: Message["replies"]}} changed */
  #onChanged(changed) {
    const { seq, position, revision, message, edited_at, meta, replies, marks, data, open, status } = changed;
    const held = this.#messages.get(seq);
    if (!held || position > (held.position ?? seq)) {
      if (held) {
        /** @type {Partial<Message>} */ const news = { message: message ?? held.message, edited_at: edited_at ?? held.edited_at };
        if (meta) news.meta = meta;
        if (replies) news.replies = replies;
        if (data) news.data = data;
        if (open !== undefined) news.open = open;
        if (status) news.status = status;
        this.#messages.set(seq, withMarks({ ...held, position, revision, ...news }, marks ?? held.marks));
      }
      if (!held || !this.blocked.has(held.sender_id)) {
        this.#emit("changed", { seq, position, revision, message, edited_at, meta, marks, data, open, status });
      }
    }
    this.#onEntry(position);
  }

  /** @param {Appended} appended */
  #onAppended(appended) {
    const { seq, position, offset, message } = appended;
    const held = this.#messages.get(seq);
    if (!held || position > (held.position ?? seq)) {
      if (held?.message) {
        const missing = offset - codePoints(held.message);
        if (missing > 0) {
          this.#giveUp(); // a part is missing: a resume tells the whole message
          return;
        }
        const before = missing === 0 ? held.message : [...held.message].slice(0, offset).join("");
        this.#messages.set(seq, { ...held, message: before + message, position });
      }
      if (!held || !this.blocked.has(held.sender_id)) this.#emit("appended", appended);
    }
    this.#onEntry(position);
  }

  /** @param {Marked} marked */
  #onMarked(marked) {
    const { seq, position } = marked;
    const held = this.#messages.get(seq);
    if (!held || position > (held.position ?? seq)) {
      if (held) this.#messages.set(seq, withMarks({ ...held, position }, withMarked(held.marks, marked)));
      if (!held || !this.blocked.has(held.sender_id)) this.#emit("marked", marked);
    }
    this.#onEntry(position);
  }

  /** @param {{seq: number, position: number}} deleted */
  #onDeleted(deleted) {
    const { seq, position } = deleted;
    const held = this.#messages.get(seq);
    const news = position > this.#told || held?.message;
    this.#told = Math.max(this.#told, position);
    if (held) {
      const gone = { reply_to: 0, mentions: 0, meta: 0, marks: 0, data: 0, open: 0, status: 0 };
      const kept = /** @type {Message} */ (Object.fromEntries(Object.entries(held).filter(([key]) => !(key in gone))));
      this.#messages.set(seq, { ...kept, message: "", position: Math.max(position, held.position ?? seq) });
      if (held.thread) this.#recount(held.thread);
    }
    if (news) this.#emit("deleted", deleted);
    this.#onEntry(position);
  }

  /** Count the messages of a thread: if its first message is held, so are all that follow. @param {number} thread */
  #recount(thread) {
    const root = this.#messages.get(thread);
    const replies = [...this.#messages.values()].filter((message) => message.thread === thread);
    if (!root || replies.length === 0) return;
    const count = replies.filter(({ message }) => message).length;
    this.#messages.set(thread, { ...root, replies: { count, last_seq: replies[replies.length - 1].seq } });
  }

  /** @param {{position: number}} end */
  #onCaughtUp(end) {
    this.#reach(end.position);
    this.#emit("caughtup", end);
  }

  /** @param {string} type @param {any} detail */
  #onLive(type, detail) {
    if (!this.#welcome) return;
    if (type === "user_join") this.#emit("join", detail);
    else if (type === "user_leave") this.#emit("leave", detail);
    else if (type === "typing") this.#emit("typing", detail);
    else if (type === "read_moved") this.#emit("read", detail);
    else if (type === "read_state") this.#emit("readstate", detail);
    else if (type === "room_changed") this.#emit("room", detail);
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
      this.#socket?.send(JSON.stringify(pending.frame));
    }
  }

  /** Send a frame that is not answered. @param {object} frame */
  #tell(frame) {
    if (this.#state.state !== "open" || !this.#socket) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
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
    const size = (/** @type {{frame: Frame}} */ { frame }) => frame.message?.length ?? 0;
    const longest = sent.reduce((a, b) => (size(b) > size(a) ? b : a));
    this.#refuse(longest.id, "message_too_long", "The message is too long.");
  }

  /** @param {{id: string, seq: number}} ack */
  #onAck(ack) {
    this.#take(ack.id)?.resolve(ack);
  }

  /** @param {{code: string, error: string, id?: string, retry_after?: number, revision?: number, length?: number}} error */
  #onError(error) {
    const pending = error.id === undefined ? undefined : this.#pending.get(error.id);
    if (!pending) {
      this.#emit("error", error);
      return;
    }
    clearTimeout(pending.timer);
    pending.tries += 1;
    if (!RETRYABLE.has(error.code) || pending.tries >= MOST_TRIES) {
      this.#refuse(pending.id, error.code, error.error, error.revision, error.length);
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

  /** @param {string} id @param {string} code @param {string} text @param {number} [revision] @param {number} [length] */
  #refuse(id, code, text, revision, length) {
    this.#take(id)?.reject(new TornchatError(code, text, revision, length));
  }

  /** @param {string} id */
  #take(id) {
    const pending = this.#pending.get(id);
    clearTimeout(pending?.timer);
    this.#pending.delete(id);
    return pending;
  }
}
