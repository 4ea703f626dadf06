/** The rooms as a list with one tab stop: the arrow keys go from room to room. Of many, only those in sight are drawn. */

import { html, useLayoutEffect, useRef, useState } from "./html.js";
import { Icon } from "./icons.js";
import { hashOf } from "./places.js";
import { words } from "./strings.js";

export const ICONS = Object.freeze({ open: "hash", private: "lock", direct: "people" });
const ROW_PX = 35;
const ALL_UP_TO = 100;
const BEYOND = 10; // rows above and below those in sight
const STEPS = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity };

/**
 * @param {{chat: import("./chat.js").Chat, rooms: import("./chat.js").Shelved[], onChosen: () => void}} props
 */
export function RoomList({ chat, rooms, onChosen }) {
  const list = useRef(null);
  const [walked, setWalked] = useState(null);
  const walks = useRef(false); // the row that one walks to may have to be drawn first
  const here = rooms.findIndex(({ name }) => name === chat.room?.name);
  const stop = Math.min(rooms.length - 1, walked ?? Math.max(0, here));
  const { from, to, onScroll } = useWindow(list, rooms.length);
  const choose = (event, name) => {
    event.preventDefault();
    chat.open(name);
    onChosen();
  };
  const onKeyDown = (event) => {
    const step = STEPS[event.key];
    if (step === undefined || event.altKey) return;
    event.preventDefault();
    walks.current = true;
    setWalked(Math.max(0, Math.min(rooms.length - 1, stop + step)));
  };
  useLayoutEffect(() => {
    if (walked === null || !walks.current) return;
    const { scrollTop, clientHeight } = list.current;
    const top = walked * ROW_PX;
    if (top < scrollTop || top + ROW_PX > scrollTop + clientHeight) {
      list.current.scrollTop = top - clientHeight / 2;
      onScroll(); // else the row is drawn too late to be focused
    }
    const row = list.current.querySelector(`[data-at="${walked}"]`);
    row?.focus();
    walks.current = !row;
  }, [walked, from, to]);
  const onFocusOut = ({ currentTarget, relatedTarget }) => walks.current || currentTarget.contains(relatedTarget) || setWalked(null);
  return html`<div class="room-list" ref=${list} onScroll=${onScroll} onKeyDown=${onKeyDown} onFocusOut=${onFocusOut}>
    <ul style=${{ paddingTop: `${from * ROW_PX}px`, paddingBottom: `${(rooms.length - to) * ROW_PX}px` }}>
      ${rooms.slice(from, to).map((room, index) => html`<${Row} key=${room.name} room=${room} at=${from + index} count=${rooms.length}
        here=${from + index === here} stop=${from + index === stop} choose=${choose} />`)}
    </ul>
  </div>`;
}

/** Which rows are drawn. @param {{current: HTMLElement}} list @param {number} count */
function useWindow(list, count) {
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(innerHeight);
  const onScroll = () => {
    setTop(Math.floor(list.current.scrollTop / ROW_PX));
    setHeight(list.current.clientHeight);
  };
  if (count <= ALL_UP_TO) return { from: 0, to: count, onScroll: () => {} };
  const from = Math.max(0, Math.min(top, count) - BEYOND);
  return { from, to: Math.min(count, from + Math.ceil(height / ROW_PX) + 2 * BEYOND), onScroll };
}

function Row({ room, at, count, here, stop, choose }) {
  return html`<li aria-posinset=${at + 1} aria-setsize=${count}>
    <a href=${hashOf(room.name)} class=${`room ${room.unread ? "unread" : ""}`} data-at=${at} tabindex=${stop ? 0 : -1}
      aria-current=${here ? "page" : undefined} onClick=${(event) => choose(event, room.name)}>
      <${Icon} name=${ICONS[room.kind]} size=${16} />
      <span class="room-name"><bdi>${room.label}</bdi></span>
      ${room.starred && html`<span class="starred" role="img" aria-label=${words.starred}><${Icon} name="star" size=${14} /></span>`}
      ${room.draft && !here && html`<span class="drafted" role="img" aria-label=${words.drafted}><${Icon} name="pencil" size=${14} /></span>`}
      ${room.mentions > 0 && html`<span class="badge mentions"><span aria-hidden="true">@</span>
        <span class="unseen">, ${words.mentions(room.mentions)}</span></span>`}
      ${room.unread > 0 &&
      html`<span class="badge"><span aria-hidden="true">${room.unread > 99 ? "99+" : room.unread}</span>
        <span class="unseen">, ${words.unread(room.unread)}</span></span>`}
    </a>
  </li>`;
}
