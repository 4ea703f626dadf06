/** The dialog that makes a room. */

import { html, useRef, useState } from "./html.js";
import { Dialog } from "./overlay.js";
import { fill, words } from "./strings.js";

/** @param {{chat: import("./chat.js").Chat, open: boolean, onClose: () => void}} props */
export function CreateRoom({ chat, open, onClose }) {
  const made = useRef(false);
  const onMade = () => {
    made.current = true;
    onClose();
  };
  const onClosed = () => {
    if (made.current) chat.room.dispatchEvent(new Event("write"));
    made.current = false;
  };
  return html`<${Dialog} open=${open} onClose=${onClose} onClosed=${onClosed} label=${words.createRoom} class="card">
    <${Form} chat=${chat} onClose=${onClose} onMade=${onMade} />
  <//>`;
}

function Form({ chat, onClose, onMade }) {
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
      setFault(error.status === 501 ? words.noRoomsHere : error.message);
      setBusy(false);
      name.current.focus();
    }
  };
  return html`<h2>${words.createRoom}</h2>
    <form onSubmit=${onSubmit} novalidate>
      <label for="room-name">${words.roomName}</label>
      <input id="room-name" ref=${name} maxlength="64" autocomplete="off" autofocus
        aria-invalid=${fault ? "true" : undefined} aria-describedby="room-hint room-fault" />
      <p class="hint" id="room-hint">${fill(words.roomNameHint, { example: html`<code>garden-party</code>` })}</p>
      <label class="check"><input type="checkbox" ref=${isPrivate} /> ${words.privateRoom}</label>
      ${fault && html`<p class="fault" id="room-fault" role="alert">${fault}</p>`}
      <div class="row end">
        <button type="button" class="plain" onClick=${onClose}>${words.cancel}</button>
        <button class="primary" disabled=${busy}>${words.create}</button>
      </div>
    </form>`;
}
