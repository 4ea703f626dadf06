/** How the rooms stand for the user: what is unread there, and how much of it mentions them. The server counts; news are added. */

const READ_MS = 1_000;
const AGAIN_MS = 10_000; // the list is not read more often than that

/**
 * @typedef {{epoch: string, seq: number, unread: number, mentions: number, read: number | null, told: number}} Stand
 *   `read` is the number of messages up to the marker, null if it isn't known; `told` the last mention that is counted.
 * @typedef {{name: string, epoch: string, seq: number, unread: number, mentions: number}} Told what the server says of a room
 * @typedef {[room: string, epoch: string, seq: number, number: number]} Head the newest entry of a room, and how many messages there are
 */

export class Standing {
  /** Whether the server keeps markers. */ kept = false;
  /** @type {Map<string, Stand>} */ #rooms = new Map();
  /** @type {Map<string, {epoch: string, seq: number, number: number}>} */ #heads = new Map();
  #timer = 0;
  #readAt = 0;

  /** @param {() => Promise<Told[]>} ask rejects if the server keeps no markers @param {() => void} changed */
  constructor(ask, changed) {
    this.ask = ask;
    this.changed = changed;
  }

  /** @param {string} room */
  unread(room) {
    return this.#rooms.get(room)?.unread ?? 0;
  }

  /** @param {string} room */
  mentions(room) {
    return this.#rooms.get(room)?.mentions ?? 0;
  }

  /** Ask the server how it is. What it can't tell now stays as it is. */
  async read() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#readAt = Date.now();
    const told = await this.ask().catch(() => null);
    if (!told) return;
    this.kept = true;
    for (const { name, epoch, seq, unread, mentions } of told) {
      const before = this.#rooms.get(name);
      if (before?.epoch === epoch && before.seq > seq) continue; // news have overtaken it
      const stand = { epoch, seq, unread, mentions, read: null, told: seq };
      this.#rooms.set(name, stand);
      const head = this.#heads.get(name);
      if (head) this.#add(stand, head);
    }
    this.changed();
  }

  /** News of watched rooms. @param {Head[]} heads */
  onNews(heads) {
    let news = false;
    for (const [room, epoch, seq, number] of heads) {
      this.#heads.set(room, { epoch, seq, number });
      const stand = this.#rooms.get(room);
      const before = stand?.unread;
      if (stand) this.#add(stand, { epoch, seq, number });
      news ||= stand?.unread !== before;
    }
    if (news) this.changed();
  }

  /** @param {Stand} stand @param {{epoch: string, seq: number, number: number}} head */
  #add(stand, { epoch, seq, number }) {
    if (epoch !== stand.epoch) {
      this.#readSoon();
      return;
    }
    if (seq < stand.seq) return;
    if (stand.read === null) {
      // Some of what came since may be no message: the server is asked once more.
      stand.read = number - stand.unread - (seq - stand.seq);
      if (seq > stand.seq) this.#readSoon();
    }
    stand.seq = seq;
    stand.unread = Math.max(0, number - stand.read);
  }

  /** A message mentions the user. @param {{room: string, seq: number}} mention */
  onMention({ room, seq }) {
    const stand = this.#rooms.get(room) ?? { epoch: this.#heads.get(room)?.epoch ?? "", seq: 0, unread: 0, mentions: 0, read: null, told: 0 };
    this.#rooms.set(room, stand);
    if (seq <= stand.told) return;
    stand.told = seq;
    stand.mentions += 1;
    this.changed();
  }

  /** The user has read up to this entry, here or elsewhere. @param {string} room @param {number} seq @param {string} [epoch] if it is known */
  onRead(room, seq, epoch) {
    const head = this.#heads.get(room);
    if (epoch && this.#rooms.get(room)?.epoch !== epoch) {
      this.#rooms.set(room, { epoch, seq, unread: 0, mentions: 0, read: head?.seq === seq ? head.number : null, told: seq });
    }
    const stand = this.#rooms.get(room);
    if (!stand || seq < Math.max(stand.seq, stand.told)) {
      if (!stand || stand.unread || stand.mentions) this.#readSoon();
      return;
    }
    const quiet = stand.unread === 0 && stand.mentions === 0;
    Object.assign(stand, { seq, unread: 0, mentions: 0, told: seq, read: head?.seq === seq ? head.number : null });
    if (!quiet) this.changed();
  }

  #readSoon() {
    this.#timer ||= setTimeout(() => void this.read(), Math.max(READ_MS, this.#readAt + AGAIN_MS - Date.now()));
  }

  /** Ask no more. */
  close() {
    clearTimeout(this.#timer);
    this.#timer = -1;
  }
}
