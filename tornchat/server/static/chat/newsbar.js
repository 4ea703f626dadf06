/** What came while one was away, where one begins to read it. */

import { html } from "./html.js";
import { words } from "./strings.js";
import { dayKey, dayName, shortTime } from "./text.js";

/** @param {{feed: import("./room.js").Room}} props */
export function NewsBar({ feed }) {
  const { since, unread } = feed;
  if (!since || !unread) return null;
  const today = dayKey(since) === dayKey(new Date());
  return html`<div class="news-bar" role="status">
    <button type="button" class="link" onClick=${() => feed.toFirstUnread()}>
      ${words.newSince(unread, today ? shortTime(since) : `${dayName(since)}, ${shortTime(since)}`)}</button>
    <button type="button" class="link" onClick=${() => feed.markRead()}>${words.markRead}</button>
  </div>`;
}
