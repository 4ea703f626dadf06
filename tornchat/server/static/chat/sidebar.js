/** The rooms one can go to, and who one is. */

import { Avatar } from "./avatar.js";
import { html, useState, useStore } from "./html.js";
import { Icon, IconButton } from "./icons.js";
import { RoomList } from "./roomlist.js";
import { fill, words } from "./strings.js";
import { ThemeButton } from "./theme.js";

const SEARCH_FROM = 8; // rooms; fewer are seen at a glance

/** @param {{chat: import("./chat.js").Chat, onChosen?: () => void}} props */
export function Sidebar({ chat, onChosen = () => {} }) {
  useStore(chat, "rooms");
  const create = () => {
    onChosen();
    chat.ask("create");
  };
  return html`<div class="side-top">
      <p class="brand"><${Icon} name="bubbles" size=${20} /> <span>${chat.info.name}</span></p>
    </div>
    <${InboxButton} chat=${chat} onChosen=${onChosen} />
    <nav class="rooms" aria-label=${words.rooms}>
      <div class="side-heading">
        <h2>${words.rooms}</h2>
        <${IconButton} icon="plus" label=${words.createRoom} onClick=${create} />
      </div>
      <${Rooms} chat=${chat} onChosen=${onChosen} />
    </nav>
    <${Self} chat=${chat} />`;
}

/** What mentions the user, and how much of it is new. */
function InboxButton({ chat, onChosen }) {
  const { mentions } = chat;
  const open = () => {
    onChosen();
    chat.show(chat.aside === "inbox" ? null : "inbox");
  };
  return html`<button type="button" class="to-inbox" aria-pressed=${chat.aside === "inbox" ? "true" : "false"} onClick=${open}>
    <${Icon} name="at" size=${16} /> <span class="grow">${words.inbox}</span>
    ${mentions > 0 && html`<span class="badge mentions"><span aria-hidden="true">${mentions > 99 ? "99+" : mentions}</span>
      <span class="unseen">, ${words.mentions(mentions)}</span></span>`}
  </button>`;
}

function Rooms({ chat, onChosen }) {
  const [wanted, setWanted] = useState("");
  const { shelf } = chat;
  const shown = shelf.filter(({ label }) => label.toLowerCase().includes(wanted.trim().toLowerCase()));
  return html`${shelf.length >= SEARCH_FROM &&
    html`<input class="room-filter" type="search" aria-label=${words.findRoom} placeholder=${words.findRoom} value=${wanted}
      onInput=${(event) => setWanted(event.target.value)} />`}
    <${RoomList} chat=${chat} rooms=${shown} onChosen=${onChosen} />
    ${shown.length === 0 && html`<p class="hint">${fill(words.noSuchRoom, { name: html`<bdi>${wanted}</bdi>` })}</p>`}`;
}

function Self({ chat }) {
  return html`<div class="self">
    <${Avatar} id=${chat.me.id} name=${chat.me.username} small />
    <span class="self-name" title=${chat.me.id}>
      <bdi>${chat.me.username}</bdi>${chat.session.guest && html`<small>${words.guest}</small>`}
    </span>
    ${chat.me.roles?.includes("admin") &&
    html`<a class="icon-button" href="admin/" aria-label=${words.dashboard} title=${words.dashboard}><${Icon} name="gauge" /></a>`}
    <${ThemeButton} />
    ${chat.session.token && html`<${IconButton} icon="leave" label=${words.signOut} onClick=${() => chat.signOut()} />`}
  </div>`;
}
