/** The rooms one can go to, and who one is. */

import { Avatar } from "./avatar.js";
import { html, useRef, useState } from "./html.js";
import { Icon, IconButton } from "./icons.js";
import { Dialog } from "./overlay.js";
import { ThemeButton } from "./theme.js";

const SEARCH_FROM = 8; // rooms; fewer are seen at a glance

/** @param {{chat: import("./chat.js").Chat, onChosen?: () => void}} props */
export function Sidebar({ chat, onChosen = () => {} }) {
  const [creating, setCreating] = useState(false);
  return html`<div class="side-top">
      <h1 class="brand"><${Icon} name="bubbles" size=${20} /> <span>${chat.info.name}</span></h1>
    </div>
    <nav class="rooms" aria-label="Rooms">
      <div class="side-heading">
        <h2>Rooms</h2>
        <${IconButton} icon="plus" label="Create a room" onClick=${() => setCreating(true)} />
      </div>
      <${RoomList} chat=${chat} onChosen=${onChosen} />
    </nav>
    <${Self} chat=${chat} />
    <${CreateRoom} chat=${chat} open=${creating} onClose=${() => setCreating(false)} onChosen=${onChosen} />`;
}

function RoomList({ chat, onChosen }) {
  const [wanted, setWanted] = useState("");
  const { shelf } = chat;
  const shown = shelf.filter(({ name }) => name.toLowerCase().includes(wanted.trim().toLowerCase()));
  const choose = (event, name) => {
    event.preventDefault();
    chat.open(name);
    onChosen();
  };
  return html`${shelf.length >= SEARCH_FROM &&
    html`<input class="room-filter" type="search" aria-label="Find a room" placeholder="Find a room" value=${wanted}
      onInput=${(event) => setWanted(event.target.value)} />`}
    <ul>
      ${shown.map((room) => {
        const here = room.name === chat.room?.name;
        return html`<li key=${room.name}>
          <a href=${`#${encodeURIComponent(room.name)}`} class=${`room ${room.unread ? "unread" : ""}`}
            aria-current=${here ? "page" : undefined} onClick=${(event) => choose(event, room.name)}>
            <${Icon} name=${room.private ? "lock" : "hash"} size=${16} />
            <span class="room-name"><bdi>${room.name}</bdi></span>
            ${room.unread > 0 &&
            html`<span class="badge"><span aria-hidden="true">${room.unread > 99 ? "99+" : room.unread}</span>
              <span class="unseen">, ${room.unread} unread</span></span>`}
          </a>
        </li>`;
      })}
    </ul>
    ${shown.length === 0 && html`<p class="hint">No room has “<bdi>${wanted}</bdi>” in its name.</p>`}`;
}

function Self({ chat }) {
  return html`<div class="self">
    <${Avatar} id=${chat.me.id} name=${chat.me.username} small />
    <span class="self-name" title=${chat.me.id}>
      <bdi>${chat.me.username}</bdi>${chat.session.guest && html`<small>Guest</small>`}
    </span>
    ${chat.me.roles?.includes("admin") &&
    html`<a class="icon-button" href="admin/" aria-label="Dashboard" title="Dashboard"><${Icon} name="gauge" /></a>`}
    <${ThemeButton} />
    ${chat.session.token && html`<${IconButton} icon="leave" label="Sign out" onClick=${() => chat.signOut()} />`}
  </div>`;
}

function CreateRoom({ chat, open, onClose, onChosen }) {
  const made = useRef(false);
  const onMade = () => {
    made.current = true;
    onClose();
    onChosen();
  };
  const onClosed = () => {
    if (made.current) chat.room.dispatchEvent(new Event("write"));
    made.current = false;
  };
  return html`<${Dialog} open=${open} onClose=${onClose} onClosed=${onClosed} label="Create a room" class="card">
    <${CreateForm} chat=${chat} onClose=${onClose} onMade=${onMade} />
  <//>`;
}

function CreateForm({ chat, onClose, onMade }) {
  const [fault, setFault] = useState("");
  const [busy, setBusy] = useState(false);
  const name = useRef(null);
  const isPrivate = useRef(null);
  const onSubmit = async (event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await chat.createRoom(name.current.value.trim(), isPrivate.current.checked);
      onMade();
    } catch (error) {
      setFault(error.status === 501 ? "This server does not let rooms be made here." : error.message);
      setBusy(false);
      name.current.focus();
    }
  };
  return html`<h2>Create a room</h2>
    <form onSubmit=${onSubmit} novalidate>
      <label for="room-name">Its name</label>
      <input id="room-name" ref=${name} maxlength="64" autocomplete="off" autofocus
        aria-invalid=${fault ? "true" : undefined} aria-describedby="room-hint room-fault" />
      <p class="hint" id="room-hint">Letters, digits, “-” and “_”, such as <code>garden-party</code>.</p>
      <label class="check"><input type="checkbox" ref=${isPrivate} /> Private: only for those who are let in</label>
      ${fault && html`<p class="fault" id="room-fault" role="alert">${fault}</p>`}
      <div class="row end">
        <button type="button" class="plain" onClick=${onClose}>Cancel</button>
        <button class="primary" disabled=${busy}>Create</button>
      </div>
    </form>`;
}
