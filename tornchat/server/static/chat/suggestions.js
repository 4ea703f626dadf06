/** What may be meant by the word that is being written: a person, a room, or an emoji. */

import { findEmoji } from "./emoji.js";
import { EVERYBODY } from "./mentions.js";

const WORD = /(?:^|[\s(])([@#:])([\p{L}\p{N}_.+-]{0,40})$/u;
const LEAST_EMOJI = 2; // letters: a colon alone ends many a word
const MOST = 8;

/**
 * @typedef {{text: string, label: string, icon: string}} Suggestion   `text` replaces the word.
 * @typedef {{start: number, end: number, suggestions: Suggestion[]}} Suggested
 */

/** @param {import("./feed.js").Feed} feed @param {string} text @param {number} caret @returns {Suggested | null} */
export function suggest(feed, text, caret) {
  const [, sign, letters] = WORD.exec(text.slice(Math.max(0, caret - 64), caret)) ?? [];
  if (!sign) return null;
  const suggestions = { "@": people, "#": rooms, ":": emoji }[sign](feed, letters).slice(0, MOST);
  return suggestions.length ? { start: caret - letters.length - 1, end: caret, suggestions } : null;
}

const begins = (letters) => (name) => name.toLowerCase().startsWith(letters.toLowerCase());

function people({ room, chat }, letters) {
  const names = [...new Set([...room.people()].filter(([id]) => id !== chat.me.id).map(([, name]) => name))].sort(chat.compare);
  return [...names, EVERYBODY].filter(begins(letters)).map((name) => ({ text: `@${name} `, label: name, icon: "@" }));
}

function rooms({ chat }, letters) {
  return chat.rooms.map(({ name }) => name).filter(begins(letters)).map((name) => ({ text: `#${name} `, label: name, icon: "#" }));
}

function emoji(_, letters) {
  if (letters.length < LEAST_EMOJI) return [];
  return findEmoji(letters, MOST).map((one) => ({ text: `${one.emoji} `, label: one.name, icon: one.emoji }));
}
