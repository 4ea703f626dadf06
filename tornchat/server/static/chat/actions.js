/** What can be done with a message: each action once, for the toolbar, the menu, the sheet and the keyboard. */

import { copy } from "./clipboard.js";
import { hashOf } from "./places.js";
import { words } from "./strings.js";

/**
 * @typedef {import("./entry.js").Entry} Entry
 * @typedef {import("./feed.js").Feed} Feed
 * @typedef {object} Action
 * @property {string} icon
 * @property {string} label
 * @property {string} [key]       The key for it on a message that has the focus.
 * @property {boolean} [quick]    Whether it is in the toolbar.
 * @property {boolean} [danger]
 * @property {(feed: Feed, entry: Entry) => boolean} offered
 * @property {(feed: Feed, entry: Entry, surface: Surface) => void} act
 * @typedef {object} Surface      What the page around the messages does.
 * @property {(entry: Entry) => void} react   Let the user choose an emoji.
 * @property {(entry: Entry) => void} erase   Ask, then delete.
 * @property {(entry: Entry) => void} report  Ask why, then tell the moderators.
 * @property {(seq: number) => void} thread   Show a thread.
 * @property {(seq: number) => void} reach    Bring a message into sight.
 * @property {(entry: Entry, button?: Element) => void} open   Show all actions.
 */

const linkTo = (feed, { seq }) => new URL(hashOf(feed.room.name, seq), feed.chat.base).href;
const writable = (feed, entry) => feed.writable && !entry.deleted;
const legible = (_, entry) => !entry.deleted;

/** @type {readonly Action[]} */
export const ACTIONS = Object.freeze([
  { icon: "smile", label: words.react, key: "+", quick: true, offered: writable, act: (_, entry, surface) => surface.react(entry) },
  { icon: "reply", label: words.reply, key: "r", quick: true, offered: writable, act: (feed, entry) => feed.reply(entry) },
  {
    icon: "pencil", label: words.edit, key: "e", quick: true,
    offered: (feed, entry) => writable(feed, entry) && entry.mine,
    act: (feed, entry) => feed.edit(entry),
  },
  {
    icon: "thread", label: words.openThread, key: "t", quick: true,
    offered: (feed, entry) => feed.room === feed && (entry.thread !== null || entry.replies > 0 || writable(feed, entry)),
    act: (feed, entry, surface) => surface.thread(entry.thread ?? entry.seq),
  },
  { icon: "link", label: words.copyLink, key: "l", offered: () => true, act: (feed, entry) => copy(feed.chat, linkTo(feed, entry)) },
  { icon: "copy", label: words.copyText, key: "c", offered: legible, act: (feed, entry) => copy(feed.chat, entry.text) },
  {
    icon: "flag", label: words.report,
    offered: (_, entry) => !entry.deleted && !entry.mine,
    act: (_, entry, surface) => surface.report(entry),
  },
  {
    icon: "trash", label: words.erase, key: "Delete", danger: true,
    offered: (feed, entry) => !entry.deleted && (entry.mine || feed.actions.has("moderate")),
    act: (_, entry, surface) => surface.erase(entry),
  },
]);

/** @param {Feed} feed @param {Entry} entry */
export const actionsFor = (feed, entry) => ACTIONS.filter(({ offered }) => offered(feed, entry));
