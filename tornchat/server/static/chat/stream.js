/** What concerns the user, on a connection of its own: news of the listed rooms, mentions, invitations, read markers. */

const SUBPROTOCOL = "tornchat.v1";
const BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 30_000;
const BEAT_MS = 15_000;
const SILENT_BEATS = 3;
const BANNED = 4003;
const MOST_WATCHED = 1_000; // the server may allow fewer: then half as many are tried

/** Says "hello" when it is connected, and then each frame by its type, with the frame as `detail`. */
export class Stream extends EventTarget {
  /** @type {WebSocket | null} */ #socket = null;
  /** @type {string | null | undefined} */ #dialled;
  #connected = false;
  #closed = true;
  #attempt = 0;
  #timer = 0;
  #beat = 0;
  #silent = 0;
  #most = MOST_WATCHED;
  /** @type {string[]} */ #rooms = [];

  /** @param {URL} base where the chat is mounted @param {() => string | null | undefined} token the present one */
  constructor(base, token) {
    super();
    this.base = base;
    this.token = token;
  }

  /** Whether news come by themselves now. */
  get connected() {
    return this.#connected;
  }

  open() {
    this.#closed = false;
    clearTimeout(this.#timer);
    const url = new URL("ws/chat/", this.base);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    this.#dialled = this.token();
    // The token rides as a subprotocol, percent-encoded where one may not have such a sign.
    const bearer = encodeURIComponent(this.#dialled ?? "").replace(/[()]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);
    const socket = new WebSocket(url, bearer ? [SUBPROTOCOL, `bearer.${bearer}`] : [SUBPROTOCOL]);
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#socket === socket && this.#receive(JSON.parse(data));
    socket.onclose = ({ code }) => this.#socket === socket && this.#lost(code);
    this.#silent = 0;
    this.#beat = setInterval(() => this.#tick(), BEAT_MS);
  }

  close() {
    this.#closed = true;
    this.#drop();
    clearTimeout(this.#timer);
  }

  /** Hear of news of these rooms, and of no others. @param {string[]} rooms */
  watch(rooms) {
    if (rooms.join("\n") === this.#rooms.join("\n")) return;
    this.#rooms = rooms;
    this.#watch();
  }

  #watch() {
    if (this.#rooms.length) this.#tell({ type: "watch", id: "watch", rooms: this.#rooms.slice(0, this.#most) });
  }

  /** @param {object} frame */
  #tell(frame) {
    if (this.#connected) this.#socket?.send(JSON.stringify(frame));
  }

  /** @param {{type: string, id?: string}} frame */
  #receive(frame) {
    this.#silent = 0;
    if (frame.type === "hello") this.#onHello();
    else if (frame.type === "error" && frame.id === "watch" && this.#most > 1) {
      this.#most = Math.floor(Math.min(this.#most, this.#rooms.length) / 2);
      this.#watch();
      return;
    }
    this.dispatchEvent(new CustomEvent(frame.type, { detail: frame }));
  }

  #onHello() {
    this.#connected = true;
    this.#attempt = 0;
    this.#watch();
  }

  /** Ask whether the server is there, and pass a token on that was renewed meanwhile. */
  #tick() {
    this.#silent += 1;
    if (this.#silent > SILENT_BEATS) {
      this.#lost(1006);
      return;
    }
    const token = this.token();
    if (token && token !== this.#dialled) {
      this.#dialled = token;
      this.#tell({ type: "auth", id: "auth", token });
    }
    this.#tell({ type: "ping" });
  }

  /** @param {number} code */
  #lost(code) {
    this.#drop();
    if (this.#closed || code === BANNED) return;
    const wait = Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** this.#attempt);
    this.#attempt += 1;
    this.#timer = setTimeout(() => this.open(), wait * (0.5 + Math.random() / 2));
  }

  /** Let the socket go without waiting for its end. */
  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    this.#connected = false;
    clearInterval(this.#beat);
    socket?.close();
  }
}
