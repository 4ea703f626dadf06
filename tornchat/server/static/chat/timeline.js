/** The messages of a room, oldest first: by days, grouped by who speaks, with what is new marked. */

import { EntryMenu } from "./entrymenu.js";
import { html, useMemo, useState, useStore } from "./html.js";
import { Icon } from "./icons.js";
import { Message, PendingMessage } from "./message.js";
import { NewsBar } from "./newsbar.js";
import { Confirm } from "./overlay.js";
import { Report } from "./report.js";
import { row, useScroll } from "./scroll.js";
import { fill, words } from "./strings.js";
import { dayKey, dayName } from "./text.js";

const GROUP_MS = 5 * 60_000;
const MOST_GROUP = 15;
const MOST_ASKED = 200;

/**
 * @param {{feed: import("./feed.js").Feed, label: string, reach: (seq: number) => void, thread?: (seq: number) => void}} props
 */
export function Timeline({ feed, label, reach, thread }) {
  useStore(feed);
  const { box, bottom, toNewest, look } = useScroll(feed);
  const [asked, setAsked] = useState(null);
  const [opened, setOpened] = useState(null);
  const [reported, setReported] = useState(null);
  const surface = useSurface(feed, { box, reach, thread, setAsked, setOpened, setReported });
  return html`<div class="timeline">
    <${NewsBar} feed=${feed} />
    <div class="scroller" ref=${box} onScroll=${look} onKeyDown=${walk} tabindex="0" role="region" aria-label=${label}>
      <${Above} room=${feed} />
      <ol class="messages">${rows(feed, surface)}</ol>
      <${Below} room=${feed} />
    </div>
    ${!bottom && html`<${Pill} unread=${feed.unread} onClick=${toNewest} />`}
    <${EntryMenu} feed=${feed} opened=${opened} surface=${surface} onClose=${() => setOpened(null)} />
    <${Confirm} asked=${asked} onClose=${() => setAsked(null)} />
    <${Report} feed=${feed} entry=${reported} onClose=${() => setReported(null)} />
  </div>`;
}

/** What actions on messages need of the page: menus and dialogs. @returns {import("./actions.js").Surface} */
function useSurface(feed, { box, reach, thread, setAsked, setOpened, setReported }) {
  return useMemo(() => {
    const open = (entry, emoji, button) => setOpened({ entry, emoji, at: corner(box.current, entry, button) });
    return {
      reach,
      thread,
      report: setReported,
      open: (entry, button) => open(entry, false, button),
      react: (entry) => open(entry, true),
      erase: (entry) =>
        setAsked({
          title: words.eraseAsk,
          words: entry.text.length > MOST_ASKED ? `${entry.text.slice(0, MOST_ASKED)} …` : entry.text,
          action: words.eraseDo,
          act: () => feed.chat.attempt(() => feed.chat.api.remove(feed.room.name, entry.seq)),
        }),
    };
  }, [feed]);
}

/** Where a menu for a message opens: beside what was clicked; on a touch screen, there is a sheet instead. */
function corner(box, entry, button) {
  if (matchMedia("(pointer: coarse)").matches) return null;
  const { right, bottom } = (button ?? row(box, entry.seq)?.querySelector(".tools") ?? row(box, entry.seq)).getBoundingClientRect();
  return { x: right, y: bottom };
}

/** What stands above the oldest message that is loaded. */
function Above({ room }) {
  if (!room.welcomed && room.connection.state === "closed") return null; // the banner says why
  if (!room.welcomed) return html`<p class="above" role="status">${fill(words.entering, { room: html`<bdi>${room.name}</bdi>` })}</p>`;
  if (room.log.older === "loading") return html`<p class="above" role="status">${words.loadingOlder}</p>`;
  if (room.log.older === "failed") {
    return html`<p class="above">${words.olderFailed}
      ${" "}<button type="button" class="link" onClick=${() => room.log.loadOlder()}>${words.tryAgain}</button></p>`;
  }
  if (room.log.older === "more") return html`<p class="above"><button type="button" class="link" onClick=${() => room.log.loadOlder()}>
    ${words.loadOlder}</button></p>`;
  if (room.room !== room) return null; // a thread begins with its first message
  const empty = room.log.entries.length === 0 && room.unsent.length === 0;
  const named = { room: html`<bdi>${room.name}</bdi>` };
  return html`<div class=${`beginning ${empty ? "empty" : ""}`}>
    <div class="beginning-mark"><${Icon} name="hash" size=${24} /></div>
    <h2>${empty ? words.quiet : fill(words.beginning, named)}</h2>
    <p>${empty ? fill(words.nobodyWrote, named) : words.nothingBefore}</p>
  </div>`;
}

/** What stands below the newest message that is shown, if there are newer ones. */
function Below({ room }) {
  if (room.log.newer === "loading") return html`<p class="above" role="status">${words.loadingNewer}</p>`;
  if (room.log.newer !== "failed") return null;
  return html`<p class="above">${words.newerFailed}
    ${" "}<button type="button" class="link" onClick=${() => room.log.loadNewer()}>${words.tryAgain}</button></p>`;
}

function Pill({ unread, onClick }) {
  return html`<button type="button" class=${`pill ${unread ? "news" : ""}`} onClick=${onClick}>
    <${Icon} name="down" size=${16} /> ${unread ? words.newMessages(unread) : words.toNewest}
  </button>`;
}

/** @param {import("./feed.js").Feed} feed @param {import("./actions.js").Surface} surface */
function rows(feed, surface) {
  const list = [];
  const shown = new Map(feed.log.entries.filter((entry) => !feed.hides(entry)).map((entry) => [entry.seq, entry]));
  const { outbox, writable } = feed;
  const message = (entry, first) => html`<${Message} key=${entry.seq} feed=${feed} entry=${entry} found=${entry.seq === feed.found}
    first=${first} surface=${surface} edit=${outbox.edits.get(entry.seq)} stored=${outbox.stored.has(entry.seq)} writable=${writable}
    rooms=${feed.chat.rooms.length} quoted=${entry.replyTo === null ? undefined : shown.get(entry.replyTo)} />`;
  if (feed.root) list.push(message(feed.root, true), html`<${Rule} key="replies" class="replied" told=${words.replies(feed.root.replies)} />`);
  let last = null;
  let divided = feed.dividerSeq === null;
  let group = 0;
  for (const entry of shown.values()) {
    const newDay = !last || dayKey(last.time) !== dayKey(entry.time);
    const divide = !divided && entry.seq > feed.dividerSeq && !entry.mine;
    if (newDay && feed.room === feed) list.push(html`<${Rule} key=${`day-${entry.seq}`} class="day" told=${dayName(entry.time)} />`);
    if (divide) list.push(html`<${Rule} key="new" class="new" told=${words.new} />`);
    divided ||= divide;
    const first = newDay || divide || group >= MOST_GROUP || !follows(last, entry);
    group = first ? 1 : group + 1;
    list.push(message(entry, first));
    last = entry;
  }
  const seen = feed.room === feed && !feed.unsent.length && feed.seenBy;
  if (seen && seen.seq === last?.seq) list.push(html`<li key="seen" class="seen">${words.seenBy(seen.names)}</li>`);
  for (const pending of feed.unsent) {
    const as = { senderId: feed.chat.me.id, time: pending.time };
    list.push(html`<${PendingMessage} key=${pending.id} feed=${feed} pending=${pending} first=${!follows(last, as)} />`);
    last = as;
  }
  return list;
}

/** Whether a message goes on with what its sender just said. */
function follows(last, entry) {
  return last !== null && last.senderId === entry.senderId && Math.abs(entry.time - last.time) < GROUP_MS;
}

function Rule({ class: kind, told }) {
  return html`<li class=${`rule ${kind}`}><span>${told}</span></li>`;
}

/** The arrow keys go from message to message. @param {KeyboardEvent} event */
function walk(event) {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  const box = event.currentTarget;
  if (!step || event.altKey || !(event.target === box || event.target.matches(".message"))) return;
  const all = [...box.querySelectorAll(".message")];
  const now = all.indexOf(event.target);
  const next = now < 0 ? all[all.length - 1] : all[now + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
