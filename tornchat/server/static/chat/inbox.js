/** The messages that mention the user, in all rooms, newest first. */

import { html, useEffect, useState } from "./html.js";
import { words } from "./strings.js";
import { dayName, fullTime, isGuest, shortTime } from "./text.js";

/** @param {{chat: import("./chat.js").Chat, onFound: (room: string, seq: number) => void}} props */
export function Inbox({ chat, onFound }) {
  const [found, setFound] = useState(/** @type {any} */ (null));
  const [next, setNext] = useState(null);
  const [fault, setFault] = useState("");
  const load = async (before) => {
    try {
      const page = await chat.api.inbox(before);
      const hidden = ({ sender_id }) => chat.blocked.has(sender_id);
      const messages = page.mentions.filter((message) => !hidden(message));
      setFound((known) => (before ? [...known, ...messages] : messages));
      setNext(page.next);
      setFault("");
    } catch (error) {
      setFault(error.absent ? words.notOffered : error.message);
    }
  };
  useEffect(() => {
    const onMention = () => void load();
    onMention();
    chat.addEventListener("mention", onMention);
    return () => chat.removeEventListener("mention", onMention);
  }, [chat]);
  if (fault) return html`<p class="fault" role="alert">${fault}</p>`;
  if (!found) return html`<p class="hint" role="status">${words.moment}</p>`;
  if (!found.length) return html`<p class="hint" role="status">${words.inboxEmpty}</p>`;
  return html`<ol class="results inbox" aria-label=${words.inbox}>
      ${found.map((message) => html`<${Mention} key=${message.id} message=${message} chat=${chat} onFound=${onFound} />`)}
    </ol>
    ${next && html`<p class="above"><button type="button" class="link" onClick=${() => load(next)}>${words.loadOlder}</button></p>`}`;
}

function Mention({ message, chat, onFound }) {
  const time = new Date(message.timestamp);
  return html`<li>
    <button type="button" onClick=${() => onFound(message.room, message.seq)}>
      <span class="head"><bdi class="sender">${message.sender_username}</bdi>${isGuest(message.sender_id) && html` <small>${words.guest}</small>`}
        <small><bdi>${chat.labelOf(message.room)}</bdi></small>
        <time title=${fullTime(time)}>${dayName(time)}, ${shortTime(time)}</time></span>
      <span class="excerpt" dir="auto">${message.message}</span>
    </button>
  </li>`;
}
