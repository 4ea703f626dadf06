/** What the user can do from anywhere: each command once, for the palette, the keys and their list. */

import { words } from "./strings.js";

/**
 * @typedef {import("./chat.js").Chat} Chat
 * @typedef {object} Command
 * @property {string} label
 * @property {string} icon
 * @property {string} [keys]     As it is written; see `matches`.
 * @property {boolean} [hidden]  Not in the palette.
 * @property {(chat: Chat) => boolean} [offered]
 * @property {(chat: Chat) => void} act
 */

/** @type {readonly Command[]} */
export const COMMANDS = Object.freeze([
  { label: words.palette, icon: "search", keys: "Ctrl+K", hidden: true, act: (chat) => chat.ask("palette") },
  { label: words.createRoom, icon: "plus", act: (chat) => chat.ask("create") },
  { label: words.searchRoom, icon: "search", keys: "/", act: (chat) => chat.show("search") },
  { label: words.whoIsHere, icon: "people", act: (chat) => chat.show("people") },
  { label: words.inbox, icon: "at", act: (chat) => chat.show("inbox") },
  { label: words.previousRoom, icon: "up", keys: "Alt+ArrowUp", act: (chat) => chat.step(-1) },
  { label: words.nextRoom, icon: "down", keys: "Alt+ArrowDown", act: (chat) => chat.step(1) },
  { label: words.previousUnread, icon: "up", keys: "Alt+Shift+ArrowUp", act: (chat) => chat.step(-1, true) },
  { label: words.nextUnread, icon: "down", keys: "Alt+Shift+ArrowDown", act: (chat) => chat.step(1, true) },
  { label: words.markRead, icon: "check", keys: "Escape", act: (chat) => chat.room?.markRead() },
  { label: words.shortcuts, icon: "keyboard", keys: "?", act: (chat) => chat.ask("help") },
  { label: words.signOut, icon: "leave", offered: (chat) => Boolean(chat.session?.token), act: (chat) => chat.signOut() },
]);

/** Whether an event is of these keys. On a Mac, Cmd is Ctrl. @param {string} keys @param {KeyboardEvent} event */
export function matches(keys, event) {
  const parts = keys.split("+");
  const key = parts.pop() ?? "";
  const held = (/** @type {string} */ name, /** @type {boolean} */ down) => parts.includes(name) === down;
  if (!held("Ctrl", event.ctrlKey || event.metaKey) || !held("Alt", event.altKey)) return false;
  if (key.length > 1 && !held("Shift", event.shiftKey)) return false; // a sign may need Shift, or not
  return event.key.toLowerCase() === key.toLowerCase();
}
