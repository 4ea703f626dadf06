/** What a room is, who belongs to it, and what one may do about that. */

import { copy } from "./clipboard.js";
import { html, useEffect, useRef, useState, useStore } from "./html.js";
import { Icon } from "./icons.js";
import { Dialog } from "./overlay.js";
import { hashOf } from "./places.js";
import { fill, words } from "./strings.js";

const INVITE = Object.freeze({ role: "member", seconds: 7 * 86_400, uses: 100 });

/** @param {{room: import("./room.js").Room}} props */
export function RoomPanel({ room }) {
  useStore(room);
  const { chat, about } = room;
  const manages = room.actions.has("manage");
  const invite = () =>
    chat.attempt(async () => copy(chat, new URL((await chat.api.invite(room.name, INVITE)).url, location.href).href));
  return html`<div class="panel">
    ${room.actions.has("moderate") && about.kind !== "direct"
      ? html`<${Describe} room=${room} key=${`${about.title}\n${about.topic}`} />`
      : about.topic && html`<p class="topic"><bdi>${about.topic}</bdi></p>`}
    <div class="deeds">
      <button type="button" class="plain" onClick=${() => copy(chat, new URL(hashOf(room.name), chat.base).href)}>
        <${Icon} name="link" /> ${words.copyRoomLink}</button>
      ${manages && about.kind !== "direct" &&
      html`<button type="button" class="plain" onClick=${invite}><${Icon} name="plus" /> ${words.invite}</button>`}
    </div>
    ${about.kind !== "open" && html`<${Members} room=${room} key=${room.name} />`}
    <${Leaving} room=${room} manages=${manages} />
  </div>`;
}

/** @param {{room: import("./room.js").Room}} props */
function Describe({ room }) {
  const { chat, about } = room;
  const title = useRef(null);
  const topic = useRef(null);
  const onSubmit = async (event) => {
    event.preventDefault();
    const changes = { title: title.current.value.trim(), topic: topic.current.value.trim() };
    if (await chat.attempt(() => chat.api.changeRoom(room.name, changes), words.saved)) room.describe(changes);
  };
  return html`<form onSubmit=${onSubmit}>
    <label for="room-title">${words.title}</label>
    <input id="room-title" ref=${title} maxlength="80" defaultValue=${about.title} placeholder=${room.name} dir="auto" />
    <label for="room-topic">${words.topic}</label>
    <textarea id="room-topic" ref=${topic} rows="2" maxlength="250" defaultValue=${about.topic} dir="auto"></textarea>
    <div class="row end"><button class="plain">${words.save}</button></div>
  </form>`;
}

/** @param {{room: import("./room.js").Room}} props */
function Members({ room }) {
  const [members, setMembers] = useState([]);
  const { api, compare } = room.chat;
  useEffect(() => void api.members(room.name).then(({ members: found }) => setMembers(found), () => {}), [room]);
  if (!members.length) return null;
  const named = members.map(({ user_id, role }) => ({ id: user_id, role, name: room.nameOf(user_id) }));
  return html`<h3>${words.members}</h3>
    <ul>${named.sort((a, b) => compare(a.name, b.name)).map(({ id, role, name }) => html`<li class="person" key=${id}>
      <span class="person-name" title=${id}><bdi>${name}</bdi></span> <small>${words.roles[role]}</small></li>`)}</ul>`;
}

/** @param {{room: import("./room.js").Room, manages: boolean}} props */
function Leaving({ room, manages }) {
  const [asks, setAsks] = useState(false);
  const { chat } = room;
  const leave = async () => {
    if (await chat.attempt(() => chat.api.leave(room.name, chat.me.id), words.hasLeft(room.label))) chat.forget(room.name);
  };
  return html`<div class="deeds">
    ${(room.role === "member" || room.role === "moderator") &&
    html`<button type="button" class="plain" onClick=${leave}><${Icon} name="leave" /> ${words.leave}</button>`}
    ${manages && room.about.kind !== "direct" &&
    html`<button type="button" class="plain dangerous" onClick=${() => setAsks(true)}><${Icon} name="trash" /> ${words.deleteRoom}</button>`}
    <${Dialog} open=${asks} onClose=${() => setAsks(false)} label=${words.deleteRoom} class="card">
      <${DeleteForm} room=${room} onClose=${() => setAsks(false)} /><//>
  </div>`;
}

/** Nobody deletes a room by a slip: its name is to be typed. */
function DeleteForm({ room, onClose }) {
  const [typed, setTyped] = useState("");
  const { chat } = room;
  const onSubmit = async (event) => {
    event.preventDefault();
    if (typed !== room.name) return;
    onClose();
    if (await chat.attempt(() => chat.api.deleteRoom(room.name), words.roomDeleted(room.label))) chat.forget(room.name);
  };
  return html`<h2>${words.deleteRoom}</h2>
    <p>${fill(words.deleteRoomAsk, { name: html`<code>${room.name}</code>` })}</p>
    <form onSubmit=${onSubmit} novalidate>
      <label for="room-typed">${words.roomName}</label>
      <input id="room-typed" autocomplete="off" autofocus value=${typed} onInput=${(event) => setTyped(event.target.value)} />
      <div class="row end">
        <button type="button" class="plain" onClick=${onClose}>${words.cancel}</button>
        <button class="danger" disabled=${typed !== room.name}>${words.deleteRoom}</button>
      </div>
    </form>`;
}
