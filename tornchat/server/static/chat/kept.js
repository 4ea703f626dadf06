/** What the browser keeps: the login, until "Sign out", and how far each room was read. */

/** Storage may be forbidden; then nothing is kept, and the page works all the same. */
function kept(storage) {
  return {
    get(key) {
      try {
        return JSON.parse(globalThis[storage].getItem(key) ?? "null");
      } catch {
        return null;
      }
    },
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
    return browser.get(this.key)?.[room] ?? "";
  }

  /** @param {string} room @param {string} text */
  set(room, text) {
    const { [room]: before, ...others } = browser.get(this.key) ?? {};
    if ((before ?? "") === text) return;
    const drafts = text ? { ...others, [room]: text } : others;
    browser.set(this.key, Object.keys(drafts).length ? drafts : null);
  }
}

/** How far each room was read, by one user of one chat. A room made anew (another epoch) is unread. */
export class Marks {
  /** @param {string} key */
  constructor(key) {
    this.key = key;
    /** @type {Record<string, [string, number]>} */
    this.rooms = Object.assign(Object.create(null), browser.get(key));
  }

  /** The last entry read; 0 for a room never seen. @param {string} room @param {string} [epoch] */
  seq(room, epoch) {
    const [known, seq] = this.rooms[room] ?? ["", 0];
    return epoch === undefined || epoch === known ? seq : 0;
  }

  /** @param {string} room @param {string} epoch @param {number} seq */
  read(room, epoch, seq) {
    this.rooms[room] = [epoch, seq];
    browser.set(this.key, { ...browser.get(this.key), [room]: [epoch, seq] });
  }

  /** How much of a listed room was not read; 0 for a room never seen. */
  unread({ name, epoch, seq }) {
    const read = this.seq(name, epoch);
    return read ? Math.max(0, seq - read) : 0;
  }
}
