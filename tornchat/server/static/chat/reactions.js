/** What people think of a message in one sign: the pills below it, and how the user's own are set. */

import { plainEmoji } from "./emoji.js";
import { html } from "./html.js";
import { words } from "./strings.js";

export const FIRST = "👍";

/** Sets the user's own reactions in one room. */
export class Reactions {
  /** What is on its way, so that two clicks in a row do not undo each other. @type {Map<number, string[]>} */
  #wanted = new Map();

  /** @param {import("./room.js").Room} room */
  constructor(room) {
    this.room = room;
  }

  /** Add a reaction, or take it back. @param {import("./entry.js").Entry} entry @param {string} emoji */
  async toggle({ seq, own }, emoji) {
    const token = plainEmoji(emoji);
    const { chat, client } = this.room;
    await chat.attempt(async () => {
      const before = this.#wanted.get(seq) ?? own ?? (await this.#read(seq));
      const tokens = before.includes(token) ? before.filter((other) => other !== token) : [...before, token];
      this.#wanted.set(seq, tokens);
      try {
        await client?.mark(seq, tokens);
      } finally {
        if (this.#wanted.get(seq) === tokens) this.#wanted.delete(seq);
      }
    });
  }

  /** @param {number} seq @returns {Promise<string[]>} */
  async #read(seq) {
    const { mine } = await this.room.chat.api.message(this.room.name, seq);
    return mine?.reaction ?? [];
  }
}

/** Who reacted, in words. @param {import("./room.js").Room} room @param {{count: number, users?: string[]}} tally */
function people(room, { count, users = [] }) {
  const me = room.chat.me.id;
  const names = users.map((id) => (id === me ? words.you : room.nameOf(id)));
  return words.reactedBy(names, count - names.length);
}

/** @param {{room: import("./room.js").Room, entry: import("./entry.js").Entry}} props */
export function Pills({ room, entry }) {
  const all = Object.entries(entry.reactions);
  if (!all.length) return null;
  return html`<ul class="pills" aria-label=${words.reactions}>
    ${all.map(([token, tally]) => html`<li key=${token}>
      <button type="button" class="reaction" aria-pressed=${entry.own?.includes(token) ? "true" : "false"}
        aria-label=${words.reaction(token, tally.count)} title=${people(room, tally)} disabled=${!room.writable}
        onClick=${() => room.reactions.toggle(entry, token)}><span class="emoji">${token}</span> ${tally.count}</button>
    </li>`)}
  </ul>`;
}
