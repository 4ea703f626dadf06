/** Texts as people read them: links, times, days, initials. Nothing here touches the page. */

import { locale, words } from "./strings.js";

// A link ends before white space, quotes, brackets and everything that turns the direction of writing.
export const LINK = /https?:\/\/[^\s<>"'`\u00ab\u00bb\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f]+/giu;
const TRAILING = ".,:;!?*_~|";
const OPENING = "([{";
const CLOSING = ")]}";
/** A longer one is shown as text: nobody types it, and browsers need long to read some of them. */
const LONGEST_LINK = 2000;
const HUES = 8;

/**
 * Cut a text into what is shown as it is, and links. Only http and https become links: nothing else can be clicked.
 * @param {string} text
 * @returns {(string | {href: string, text: string})[]}
 */
export function withLinks(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const shown = withoutTrailing(match[0]);
    const href = safeHref(shown);
    if (!href) continue;
    parts.push(text.slice(end, match.index), { href, text: shown });
    end = match.index + shown.length;
  }
  parts.push(text.slice(end));
  return parts.filter((part) => part !== "");
}

/**
 * A full stop after a link is no part of it, nor is a bracket that it does not open. In linear time: each sign is
 * looked at twice at most.
 * @param {string} link
 */
export function withoutTrailing(link) {
  let unopened = 0;
  for (const sign of link) unopened += CLOSING.includes(sign) ? 1 : OPENING.includes(sign) ? -1 : 0;
  let end = link.length;
  for (; end > 0; end--) {
    const sign = link[end - 1];
    if (TRAILING.includes(sign)) continue;
    if (unopened <= 0 || !CLOSING.includes(sign)) break;
    unopened--;
  }
  return link.slice(0, end);
}

/** @param {string} link @returns {string | null} */
export function safeHref(link) {
  if (link.length > LONGEST_LINK) return null;
  try {
    const url = new URL(link);
    return (url.protocol === "http:" || url.protocol === "https:") && url.hostname && !url.username ? url.href : null;
  } catch {
    return null;
  }
}

/** One or two letters for a name. @param {string} name */
export function initials(name) {
  const parts = name.split(/[\s._-]+/u).filter((part) => /[\p{L}\p{N}]/u.test(part));
  const letters = parts.map((word) => word.match(/[\p{L}\p{N}]/u)?.[0] ?? "");
  return ((letters[0] ?? "?") + (letters.length > 1 ? letters[letters.length - 1] : "")).toUpperCase();
}

/** A colour that stays with a user: 0 to 7. @param {string} id */
export function hue(id) {
  let sum = 2166136261;
  for (const sign of id) sum = Math.imul(sum ^ (sign.codePointAt(0) ?? 0), 16777619);
  return (sum >>> 8) % HUES;
}

const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
const full = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "medium" });
const weekday = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" });
const withYear = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long", year: "numeric" });

/** @param {Date} time */
export const shortTime = (time) => clock.format(time);
/** @param {Date} time */
export const fullTime = (time) => full.format(time);

/** Two times of one day have the same key. @param {Date} time */
export const dayKey = (time) => `${time.getFullYear()}-${time.getMonth()}-${time.getDate()}`;

/** @param {Date} time @param {Date} now */
export function dayName(time, now = new Date()) {
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  if (dayKey(time) === dayKey(now)) return words.today;
  if (dayKey(time) === dayKey(yesterday)) return words.yesterday;
  return (time.getFullYear() === now.getFullYear() ? weekday : withYear).format(time);
}

/** How long from now, in words: "5 minutes". @param {number} milliseconds */
export function duration(milliseconds) {
  const seconds = Math.max(1, Math.ceil(milliseconds / 1000));
  /** @type {[number, keyof typeof words.units]} */ const [count, unit] =
    seconds < 90 ? [seconds, "second"] : seconds < 5400 ? [Math.round(seconds / 60), "minute"]
      : seconds < 129600 ? [Math.round(seconds / 3600), "hour"] : [Math.round(seconds / 86400), "day"];
  return words.units[unit](count);
}

/** @type {readonly [keyof typeof words.units, number][]} */
const UNITS = Object.freeze([["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]]);

/** A round length of time in words: "1 hour", and "90 minutes". @param {number} seconds */
export function exactly(seconds) {
  const unit = UNITS.find(([, length]) => seconds % length === 0) ?? UNITS[0];
  return words.units[unit[0]](seconds / unit[1]);
}

/** The server gives such ids to guests, and lets nobody else in with one. @param {string} id */
export const isGuest = (id) => id.startsWith("guest-");
