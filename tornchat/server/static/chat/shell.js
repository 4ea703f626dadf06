/** The page when one is in: rooms at the left, the conversation, and at the right who is here or what was found. */

import { Banner } from "./banner.js";
import { Composer } from "./composer.js";
import { html, useEffect, useMedia, useState } from "./html.js";
import { Icon, IconButton } from "./icons.js";
import { Dialog } from "./overlay.js";
import { People } from "./people.js";
import { Search } from "./search.js";
import { Sidebar } from "./sidebar.js";
import { counted } from "./text.js";
import { Timeline } from "./timeline.js";

/** @param {{chat: import("./chat.js").Chat}} props */
export function Shell({ chat }) {
  const narrow = useMedia("(max-width: 760px)");
  const slim = useMedia("(max-width: 1040px)");
  const [rooms, setRooms] = useState(false);
  const [aside, setAside] = useState(slim ? null : "people");
  const [found, setFound] = useState(null);
  const { room } = chat;
  useEffect(() => setFound(null), [room]);
  useEffect(() => setAside(slim ? null : "people"), [slim]);
  const close = () => setAside(null);
  const toggle = (name) => setAside(aside === name ? null : name);
  const onFound = async (seq) => {
    if (slim) close();
    setFound(null);
    await chat.attempt(async () => {
      if (await room.log.reach(seq)) setFound(seq);
      else chat.toast("That message is no longer there.");
    });
  };
  return html`<div class="shell">
    ${narrow
      ? html`<${Dialog} open=${rooms} onClose=${() => setRooms(false)} label="Rooms" class="drawer left">
          <${Sidebar} chat=${chat} onChosen=${() => setRooms(false)} /><//>`
      : html`<div class="side"><${Sidebar} chat=${chat} /></div>`}
    <main class="talk" aria-label=${`Room ${room.name}`}>
      <${Header} room=${room} narrow=${narrow} aside=${aside} toggle=${toggle} onMenu=${() => setRooms(true)} />
      <${Banner} room=${room} />
      <${Timeline} room=${room} found=${found} onReach=${onFound} key=${room.name} />
      <${Composer} room=${room} key=${`write-${room.name}`} />
      <div class="unseen" aria-live="polite" aria-atomic="true">${room.announcement}</div>
    </main>
    ${slim
      ? html`<${Dialog} open=${aside !== null} onClose=${close} label=${asideTitle(room, aside)} class="drawer right">
          <${Aside} room=${room} aside=${aside} onFound=${onFound} onClose=${close} /><//>`
      : aside && html`<aside class="aside" aria-label=${asideTitle(room, aside)}>
          <${Aside} room=${room} aside=${aside} onFound=${onFound} onClose=${close} /></aside>`}
  </div>`;
}

function Header({ room, narrow, aside, toggle, onMenu }) {
  const others = room.chat.shelf.reduce((sum, { name, unread }) => sum + (name === room.name ? 0 : unread), 0);
  const pressed = (name) => (aside === name ? "true" : "false");
  return html`<header class="talk-head">
    ${narrow &&
    html`<${IconButton} icon="menu" label=${others ? `Rooms, ${others} unread` : "Rooms"} onClick=${onMenu}
      class=${others ? "dotted" : ""} />`}
    <h2><${Icon} name="hash" /> <bdi>${room.name}</bdi></h2>
    <span class="grow"></span>
    <${IconButton} icon="search" label="Search in this room" aria-pressed=${pressed("search")} onClick=${() => toggle("search")} />
    <button type="button" class="count-button" aria-pressed=${pressed("people")} onClick=${() => toggle("people")}
      title="Who is here"><${Icon} name="people" /> <span>${room.users.size}</span>
      <span class="unseen">${room.users.size === 1 ? "person" : "people"} here</span></button>
  </header>`;
}

const asideTitle = (room, aside) =>
  aside === "search" ? "Search" : `${counted(room.users.size, "person", "people")} here`;

function Aside({ room, aside, onFound, onClose }) {
  return html`<div class="aside-head">
      <h2>${asideTitle(room, aside)}</h2>
      <${IconButton} icon="close" label="Close" onClick=${onClose} />
    </div>
    <div class="aside-body">
      ${aside === "search" ? html`<${Search} room=${room} onFound=${onFound} key=${room.name} />` : html`<${People} room=${room} />`}
    </div>`;
}
