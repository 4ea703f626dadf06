/** The messages of a room, oldest first: by days, grouped by who speaks, with what is new marked. */

import { html, useEffect, useState } from "./html.js";
import { Icon } from "./icons.js";
import { Message, PendingMessage } from "./message.js";
import { Confirm } from "./overlay.js";
import { row, useScroll } from "./scroll.js";
import { counted, dayKey, dayName } from "./text.js";

const GROUP_MS = 5 * 60_000;

/** @param {{room: import("./room.js").Room, found: number | null, onReach: (seq: number) => void}} props */
export function Timeline({ room, found, onReach }) {
  const { box, bottom, toNewest, look } = useScroll(room);
  const [asked, setAsked] = useState(null);
  useEffect(() => {
    if (found && box.current) row(box.current, found)?.scrollIntoView({ block: "center" });
  }, [found]);
  const erase = (entry) =>
    setAsked({
      title: "Delete this message?",
      words: entry.text.length > 200 ? `${entry.text.slice(0, 200)} …` : entry.text,
      action: "Delete",
      act: () => room.chat.attempt(() => room.chat.api.remove(room.name, entry.seq)),
    });
  return html`<div class="timeline">
    <div class="scroller" ref=${box} onScroll=${look} onKeyDown=${walk} tabindex="0" role="region"
      aria-label=${`Messages in ${room.name}; the arrow keys go from one to the next`}>
      <${Above} room=${room} />
      <ol class="messages">${rows(room, erase, found, onReach)}</ol>
      <${Below} room=${room} />
    </div>
    ${!bottom && html`<${Pill} unread=${room.unread} onClick=${toNewest} />`}
    <${Confirm} asked=${asked} onClose=${() => setAsked(null)} />
  </div>`;
}

/** What stands above the oldest message that is loaded. */
function Above({ room }) {
  if (!room.welcomed && room.connection.state === "closed") return null; // the banner says why
  if (!room.welcomed) return html`<p class="above" role="status">Entering <bdi>${room.name}</bdi> …</p>`;
  if (room.log.older === "loading") return html`<p class="above" role="status">Loading older messages …</p>`;
  if (room.log.older === "failed") {
    return html`<p class="above">Older messages could not be loaded.
      ${" "}<button type="button" class="link" onClick=${() => room.log.loadOlder()}>Try again</button></p>`;
  }
  if (room.log.older === "more") return html`<p class="above"><button type="button" class="link" onClick=${() => room.log.loadOlder()}>
    Load older messages</button></p>`;
  const empty = room.log.entries.length === 0 && room.unsent.length === 0;
  return html`<div class=${`beginning ${empty ? "empty" : ""}`}>
    <div class="beginning-mark"><${Icon} name="hash" size=${24} /></div>
    <h2>${empty ? "It is quiet here" : html`The beginning of <bdi>${room.name}</bdi>`}</h2>
    <p>${empty ? html`Nobody has written in <bdi>${room.name}</bdi> yet. Write the first message.` : "Nothing was written before this."}</p>
  </div>`;
}

/** What stands below the newest message that is shown, if there are newer ones. */
function Below({ room }) {
  if (room.log.newer === "loading") return html`<p class="above" role="status">Loading newer messages …</p>`;
  if (room.log.newer !== "failed") return null;
  return html`<p class="above">Newer messages could not be loaded.
    ${" "}<button type="button" class="link" onClick=${() => room.log.loadNewer()}>Try again</button></p>`;
}

function Pill({ unread, onClick }) {
  return html`<button type="button" class=${`pill ${unread ? "news" : ""}`} onClick=${onClick}>
    <${Icon} name="down" size=${16} /> ${unread ? counted(unread, "new message") : "To the newest"}
  </button>`;
}

function rows(room, erase, found, onReach) {
  const list = [];
  const shown = new Map(room.log.entries.filter((entry) => !room.hides(entry)).map((entry) => [entry.seq, entry]));
  const reply = room.writable ? (entry) => room.reply(entry) : null;
  const may = (entry) => entry.mine || room.actions.has("moderate");
  let last = null;
  let divided = room.dividerSeq === null;
  for (const entry of room.log.entries) {
    if (room.hides(entry)) continue;
    const newDay = !last || dayKey(last.time) !== dayKey(entry.time);
    const divide = !divided && entry.seq > room.dividerSeq && !entry.mine;
    if (newDay) list.push(html`<${Rule} key=${`day-${entry.seq}`} class="day" words=${dayName(entry.time)} />`);
    if (divide) list.push(html`<${Rule} key="new" class="new" words="New" />`);
    divided ||= divide;
    list.push(html`<${Message} key=${entry.seq} entry=${entry} found=${entry.seq === found}
      first=${newDay || divide || !follows(last, entry)} onDelete=${may(entry) ? erase : null} onReply=${reply}
      onReach=${onReach} quoted=${entry.replyTo === null ? undefined : shown.get(entry.replyTo)} />`);
    last = entry;
  }
  for (const pending of room.unsent) {
    const as = { senderId: room.chat.me.id, time: pending.time };
    list.push(html`<${PendingMessage} key=${pending.id} room=${room} pending=${pending} first=${!follows(last, as)} />`);
    last = as;
  }
  return list;
}

/** Whether a message goes on with what its sender just said. */
function follows(last, entry) {
  return last !== null && last.senderId === entry.senderId && Math.abs(entry.time - last.time) < GROUP_MS;
}

function Rule({ class: kind, words }) {
  return html`<li class=${`rule ${kind}`}><span>${words}</span></li>`;
}

/** The arrow keys go from message to message. @param {KeyboardEvent} event */
function walk(event) {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  const box = event.currentTarget;
  if (!step || !(event.target === box || event.target.matches(".message"))) return;
  const all = [...box.querySelectorAll(".message")];
  const now = all.indexOf(event.target);
  const next = now < 0 ? all[all.length - 1] : all[now + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
