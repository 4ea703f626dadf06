/** A message as the page shows it, and how what happens to it changes it. */

import { withMarked } from "../client/tornchat-client.js";

/**
 * @typedef {Record<string, {count: number, users?: string[]}>} Reactions   Emoji -> how many have it, and who unless they are many.
 * @typedef {object} Entry
 * @property {number} seq
 * @property {string} text               Empty: it was deleted.
 * @property {string} senderId
 * @property {string} sender
 * @property {Date} time
 * @property {boolean} deleted
 * @property {boolean} mine              Whether the user wrote it.
 * @property {number} position           The place of the last entry that acted on it.
 * @property {number} revision           How often it was edited.
 * @property {Date | null} editedAt
 * @property {boolean} open              Whether it is being streamed, and grows.
 * @property {number | null} replyTo     The place of the message that it answers.
 * @property {number | null} thread      The place of the message whose thread it is in.
 * @property {number} replies            How many messages its thread has.
 * @property {string | null} kind        Its kind, if it is one that a plugin of the server brings.
 * @property {string[]} mentioned        Ids of users.
 * @property {boolean} mentionsRoom      Whether it is for everybody here.
 * @property {Reactions} reactions
 * @property {string[] | null} own       The user's own reactions; null if the server has not told.
 */

/** @param {any} message as a socket or the HTTP API tells it @param {string} me @returns {Entry} */
export function entryOf(message, me) {
  const { seq, message: text, sender_id: senderId, sender_username: sender } = message;
  const reactions = message.marks?.reaction ?? {};
  return {
    seq, text, senderId, sender, reactions,
    time: new Date(message.timestamp),
    deleted: message.deleted ?? text === "",
    mine: senderId === me,
    open: message.open ?? false,
    position: message.position ?? seq,
    revision: message.revision ?? 0,
    editedAt: message.edited_at ? new Date(message.edited_at) : null,
    replyTo: message.reply_to ?? null,
    thread: message.thread ?? null,
    replies: message.replies?.count ?? 0,
    kind: message.kind ?? null,
    mentioned: message.mentions?.users ?? [],
    mentionsRoom: message.mentions?.room ?? false,
    own: message.mine ? (message.mine.reaction ?? []) : ownOf(reactions, me),
  };
}

/** A user's own reactions, if all who reacted are known. @param {Reactions} reactions @param {string} me */
function ownOf(reactions, me) {
  const all = Object.entries(reactions);
  if (all.some(([, { users }]) => !users)) return null;
  return all.filter(([, { users }]) => users?.includes(me)).map(([token]) => token);
}

/**
 * The message after an edit; a change of the past changes nothing.
 * @param {Entry} entry @param {import("../client/tornchat-client.js").Changed} changed @param {string} me @returns {Entry}
 */
export function edited(entry, { position, revision, message, edited_at, marks, open }, me) {
  if (entry.deleted || position <= entry.position) return entry;
  const reactions = marks ? (marks.reaction ?? {}) : entry.reactions;
  return {
    ...entry, position, revision, reactions,
    own: marks ? ownOf(reactions, me) : entry.own,
    text: message ?? entry.text,
    open: open ?? entry.open,
    editedAt: edited_at ? new Date(edited_at) : entry.editedAt,
  };
}

/**
 * The message after somebody reacted to it.
 * @param {Entry} entry @param {import("../client/tornchat-client.js").Marked} marked @param {string} me @returns {Entry}
 */
export function reacted(entry, marked, me) {
  if (entry.deleted || marked.kind !== "reaction" || marked.position <= entry.position) return entry;
  const own = entry.own && new Set(entry.own);
  for (const { user_id, added, removed } of marked.changes) {
    if (user_id !== me || !own) continue;
    for (const token of removed) own.delete(token);
    for (const token of added) own.add(token);
  }
  const reactions = withMarked({ reaction: entry.reactions }, marked).reaction ?? {};
  return { ...entry, position: marked.position, reactions, own: own && [...own] };
}

/** The message after it was deleted. @param {Entry} entry @returns {Entry} */
export function erased(entry) {
  return { ...entry, text: "", deleted: true, open: false, replyTo: null, mentioned: [], mentionsRoom: false, reactions: {}, own: [], editedAt: null };
}
