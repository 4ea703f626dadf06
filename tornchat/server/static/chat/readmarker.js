/** Tells the server how far a room was read: at once, and then once a second, since it counts as a message does. */

const TOLD_MS = 1_000;

export class ReadMarker {
  #seq = 0;
  #told = 0;
  #timer = 0;
  /** Whether the server keeps markers. */ #kept = false;

  /** @param {() => {read: (seq: number) => boolean} | null} client the connection, if there is one */
  constructor(client) {
    this.client = client;
  }

  /**
   * There is a connection.
   * @param {number | undefined} seq how far the server knows; undefined: it keeps no markers, or can't tell
   * @param {boolean} recovered false: what was read before may have been another log
   */
  welcomed(seq, recovered) {
    this.#kept = seq !== undefined;
    this.#told = seq ?? 0;
    if (!recovered) this.#seq = 0;
    if (this.#seq > this.#told) this.#tell();
  }

  /** @param {number} seq */
  move(seq) {
    this.#seq = seq;
    if (!this.#timer) this.#tell();
  }

  /** What was not told yet is told now, as before the connection ends. */
  flush() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    if (this.#kept && this.#seq > this.#told && this.client()?.read(this.#seq)) this.#told = this.#seq;
  }

  #tell() {
    this.flush();
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      if (this.#seq > this.#told) this.#tell();
    }, TOLD_MS);
  }
}
