/** Find what was said in a room. */

import { html, useEffect, useRef, useState } from "./html.js";
import { words } from "./strings.js";
import { dayName, fullTime, isGuest, shortTime } from "./text.js";

/** @param {{room: import("./room.js").Room, onFound: (seq: number) => void}} props */
export function Search({ room, onFound }) {
  const [answer, setAnswer] = useState({ state: "idle" });
  const field = useRef(null);
  useEffect(() => field.current.focus(), []);
  const onSubmit = async (event) => {
    event.preventDefault();
    const wanted = field.current.value.trim();
    if (!wanted) return;
    setAnswer({ state: "busy" });
    try {
      const { messages } = await room.chat.api.search(room.name, wanted);
      setAnswer({ state: "found", messages: messages.filter(({ sender_id }) => !room.chat.blocked.has(sender_id)) });
    } catch (error) {
      setAnswer({ state: "failed", told: error.status === 501 ? words.noSearch : error.message });
    }
  };
  return html`<form class="search" role="search" onSubmit=${onSubmit}>
      <input ref=${field} type="search" aria-label=${words.searchIn(room.name)} placeholder=${words.searchPlaceholder} />
      <button class="plain">${words.search}</button>
    </form>
    <${Found} answer=${answer} onFound=${onFound} />`;
}

function Found({ answer, onFound }) {
  if (answer.state === "idle") return html`<p class="hint">${words.searchHint}</p>`;
  if (answer.state === "busy") return html`<p class="hint" role="status">${words.searching}</p>`;
  if (answer.state === "failed") return html`<p class="fault" role="alert">${answer.told}</p>`;
  if (!answer.messages.length) return html`<p class="hint" role="status">${words.notFound}</p>`;
  return html`<ol class="results" aria-label=${words.results}>
    ${answer.messages.map((message) => {
      const time = new Date(message.timestamp);
      return html`<li key=${message.seq}>
        <button type="button" onClick=${() => onFound(message.seq)}>
          <span class="head"><bdi class="sender">${message.sender_username}</bdi>${isGuest(message.sender_id) && html` <small>${words.guest}</small>`}
            <time title=${fullTime(time)}>${dayName(time)}, ${shortTime(time)}</time></span>
          <span class="excerpt" dir="auto">${message.message}</span>
        </button>
      </li>`;
    })}
  </ol>`;
}
