/** What the browser keeps: the login, until "Sign out", and how far each room was read. */

const WRITE_MS = 500;

/** Storage may be forbidden; then nothing is kept, and the page works all the same. @param {"localStorage" | "sessionStorage"} storage */
function kept(storage) {
  return {
    /** @param {string} key @returns {any} */
    get(key) {
      try {
        return JSON.parse(globalThis[storage].getItem(key) ?? "null");
      } catch {
        return null;
      }
    },
    /** @param {string} key @param {unknown} value null: nothing is kept */
    set(key, value) {
      try {
        if (value === null) globalThis[storage].removeItem(key);
        else globalThis[storage].setItem(key, JSON.stringify(value));
      } catch {
        // full or forbidden
      }
    },
  };
}

export const browser = kept("localStorage");

/** What was begun and not sent, for each room, by one user of one chat. */
export class Drafts {
  /** @param {string} key */
  constructor(key) {
    this.key = key;
  }

  /** @param {string} room @returns {string} */
  get(room) {
    const drafts = browser.get(this.key) ?? {};
    return Object.hasOwn(drafts, room) ? drafts[room] : ""; // a room may be called "constructor"
  }

  /** The rooms that have one. @returns {Set<string>} */
  get rooms() {
    return new Set(Object.keys(browser.get(this.key) ?? {}));
  }

  /** @param {string} room @param {string} text */
  set(room, text) {
    if (this.get(room) === text) return;
    const { [room]: _, ...others } = browser.get(this.key) ?? {};
    const drafts = text ? { ...others, [room]: text } : others;
    browser.set(this.key, Object.keys(drafts).length ? drafts : null);
  }
}

/** The rooms that one user of one chat has starred. */
export class Favourites {
  /** @param {string} key */
  constructor(key) {
    this.key = key;
  }

  /** @returns {Set<string>} */
  get rooms() {
    return new Set(browser.get(this.key) ?? []);
  }

  /** Star a room, or not any more. @param {string} room */
  toggle(room) {
    const { rooms } = this;
    if (!rooms.delete(room)) rooms.add(room);
    browser.set(this.key, rooms.size ? [...rooms] : null);
  }
}

/** How far each room was read, by one user of one chat. A room made anew (another epoch) is unread. */
export class Marks {
  /** @type {Set<string>} */ #unwritten = new Set();
  #timer = 0;

  /** @param {string} key */
  constructor(key) {
    this.key = key;
    /** @type {Record<string, [string, number]>} */
    this.rooms = Object.assign(Object.create(null), browser.get(key));
    addEventListener("pagehide", () => this.write());
  }

  /** The last entry read; 0 for a room never seen. @param {string} room @param {string} [epoch] */
  seq(room, epoch) {
    const [known, seq] = this.rooms[room] ?? ["", 0];
    return epoch === undefined || epoch === known ? seq : 0;
  }

  /** @param {string} room @param {string} epoch @param {number} seq */
  read(room, epoch, seq) {
    this.rooms[room] = [epoch, seq];
    this.#unwritten.add(room);
    this.#timer ||= setTimeout(() => this.write(), WRITE_MS);
  }

  /** Another tab may have written meanwhile, about other rooms. */
  write() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const read = [...this.#unwritten].map((room) => [room, this.rooms[room]]);
    this.#unwritten.clear();
    if (read.length) browser.set(this.key, { ...browser.get(this.key), ...Object.fromEntries(read) });
  }

  /** How much of a listed room was not read; 0 for a room never seen. @param {{name: string, epoch: string, seq: number}} room */
  unread({ name, epoch, seq }) {
    const read = this.seq(name, epoch);
    return read ? Math.max(0, seq - read) : 0;
  }
}
