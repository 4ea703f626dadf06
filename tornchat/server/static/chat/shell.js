/** The page when one is in: rooms at the left, the conversation, and at the right who is here or what was found. */

import { Banner } from "./banner.js";
import { Composer } from "./composer.js";
import { CreateRoom } from "./createroom.js";
import { html, useEffect, useMedia, useState, useStore } from "./html.js";
import { Icon, IconButton } from "./icons.js";
import { Inbox } from "./inbox.js";
import { Dialog } from "./overlay.js";
import { Palette } from "./palette.js";
import { People } from "./people.js";
import { ICONS } from "./roomlist.js";
import { RoomPanel } from "./roompanel.js";
import { Search } from "./search.js";
import { Shortcuts, useShortcuts } from "./shortcuts.js";
import { Sidebar } from "./sidebar.js";
import { words } from "./strings.js";
import { Timeline } from "./timeline.js";

/** @param {{chat: import("./chat.js").Chat}} props */
export function Shell({ chat }) {
  const narrow = useMedia("(max-width: 760px)");
  const slim = useMedia("(max-width: 1040px)");
  const [rooms, setRooms] = useState(false);
  const { room, aside } = chat;
  useEffect(() => chat.show(slim ? null : "people"), [slim]);
  const close = () => {
    chat.show(null);
    room.dispatchEvent(new Event("write"));
  };
  const toggle = (name) => (aside === name ? close() : chat.show(name));
  const reach = (seq) => {
    if (slim) chat.show(null);
    room.awaits(seq);
  };
  const found = (name, seq) => {
    if (slim) chat.show(null);
    chat.open(name, seq);
  };
  const thread = (seq) => {
    room.openThread(seq);
    chat.show("thread");
  };
  useShortcuts(chat);
  const toMessages = () => document.querySelector(".talk .scroller").focus();
  // A dialog tells late that it was closed: another one may be open by then.
  const closes = (dialog) => () => chat.dialog === dialog && chat.ask(null);
  return html`<button type="button" class="skip" onClick=${toMessages}>${words.skip}</button>
  <div class="shell">
    ${narrow
      ? html`<${Dialog} open=${rooms} onClose=${() => setRooms(false)} label=${words.rooms} class="drawer left">
          <${Sidebar} chat=${chat} onChosen=${() => setRooms(false)} /><//>`
      : html`<aside class="side" aria-label=${chat.info.name}><${Sidebar} chat=${chat} /></aside>`}
    <main class="talk column" aria-label=${words.room(room.name)}>
      <${Header} room=${room} narrow=${narrow} aside=${aside} toggle=${toggle} onMenu=${() => setRooms(true)} />
      <${Banner} room=${room} />
      <${Timeline} feed=${room} label=${words.messagesIn(room.name)} reach=${reach} thread=${thread} key=${room.name} />
      <${Composer} feed=${room} label=${words.messageTo(room.name)} key=${`write-${room.name}`} />
      <${Announcer} room=${room} />
    </main>
    ${slim
      ? html`<${Dialog} open=${aside !== null} onClose=${close} label=${asideTitle(room, aside)} class="drawer right">
          <${Aside} room=${room} aside=${aside} reach=${reach} found=${found} onClose=${close} /><//>`
      : aside && html`<aside class="aside" aria-label=${asideTitle(room, aside)}>
          <${Aside} room=${room} aside=${aside} reach=${reach} found=${found} onClose=${close} /></aside>`}
    <${Palette} chat=${chat} open=${chat.dialog === "palette"} onClose=${closes("palette")} />
    <${Shortcuts} open=${chat.dialog === "help"} onClose=${closes("help")} />
    <${CreateRoom} chat=${chat} open=${chat.dialog === "create"} onClose=${closes("create")} />
  </div>`;
}

/** What comes is told to screen readers. */
function Announcer({ room }) {
  useStore(room);
  return html`<div class="unseen" aria-live="polite" aria-atomic="true">${room.announcement}</div>`;
}

function Header({ room, narrow, aside, toggle, onMenu }) {
  useStore(room, "people");
  useStore(room.chat, "rooms");
  const others = room.chat.shelf.reduce((sum, { name, unread }) => sum + (name === room.name ? 0 : unread), 0);
  const pressed = (name) => (aside === name ? "true" : "false");
  return html`<header class="talk-head">
    ${narrow &&
    html`<${IconButton} icon="menu" label=${others ? words.roomsUnread(others) : words.rooms} onClick=${onMenu}
      class=${others ? "dotted" : ""} />`}
    <h1><${Icon} name=${ICONS[room.about.kind]} /> <bdi>${room.label}</bdi></h1>
    <span class="topic grow" title=${room.about.topic}><bdi>${room.about.topic}</bdi></span>
    <${IconButton} icon="star" label=${words.star} class="star" aria-pressed=${room.chat.favourites.rooms.has(room.name) ? "true" : "false"}
      onClick=${() => room.chat.star(room.name)} />
    <${IconButton} icon="info" label=${words.aboutRoom} aria-pressed=${pressed("room")} onClick=${() => toggle("room")} />
    <${IconButton} icon="search" label=${words.searchRoom} aria-pressed=${pressed("search")} onClick=${() => toggle("search")} />
    <button type="button" class="count-button" aria-pressed=${pressed("people")} onClick=${() => toggle("people")}
      title=${words.whoIsHere}><${Icon} name="people" /> <span>${room.users.size}</span>
      <span class="unseen">${words.here(room.users.size)}</span></button>
  </header>`;
}

const asideTitle = (room, aside) =>
  ({ search: words.search, thread: words.thread, room: words.aboutRoom, inbox: words.inbox })[aside] ?? words.peopleHere(room.users.size);

function Aside({ room, aside, reach, found, onClose }) {
  useStore(room, "people");
  return html`<div class="aside-head">
      <h2>${asideTitle(room, aside)}</h2>
      <${IconButton} icon="close" label=${words.close} onClick=${onClose} />
    </div>
    ${aside === "thread" && room.thread
      ? html`<${ThreadColumn} thread=${room.thread} reach=${reach} key=${room.thread.draftKey} />`
      : html`<div class="aside-body">
          ${aside === "search" && html`<${Search} room=${room} onFound=${reach} key=${room.name} />`}
          ${aside === "inbox" && html`<${Inbox} chat=${room.chat} onFound=${found} />`}
          ${aside === "room" && html`<${RoomPanel} room=${room} key=${room.name} />`}
          ${aside === "people" && html`<${People} room=${room} reach=${reach} />`}
        </div>`}`;
}

/** A thread is read and written as a room is. */
function ThreadColumn({ thread, reach }) {
  return html`<div class="column thread">
    <${Timeline} feed=${thread} label=${words.messagesInThread} reach=${reach} />
    <${Composer} feed=${thread} label=${words.replyInThread} />
  </div>`;
}
