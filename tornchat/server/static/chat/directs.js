/** The names of direct rooms: those of the other people there, as far as they are known. */

const ASKED = 20; // the newest messages tell who speaks there

export class Directs {
  /** @type {Map<string, string>} */ #names = new Map();

  /** @param {import("./chat.js").Chat} chat */
  constructor(chat) {
    this.chat = chat;
  }

  /** @param {string} room @param {string} name */
  know(room, name) {
    this.#names.set(room, name);
  }

  /** The name to show; it is looked for once, and until then empty. @param {string} room */
  nameOf(room) {
    if (!this.#names.has(room)) {
      this.#names.set(room, "");
      void this.#look(room);
    }
    return this.#names.get(room) ?? "";
  }

  /** @param {string} room */
  async #look(room) {
    const { api, me } = this.chat;
    const page = await api.messages(room, { limit: ASKED }).catch(() => ({ messages: [] }));
    const others = page.messages.filter(({ sender_id }) => sender_id !== me?.id).map(({ sender_username }) => sender_username);
    if (!others.length) return;
    this.know(room, [...new Set(others)].join(", "));
    this.chat.roomsChanged();
  }
}
