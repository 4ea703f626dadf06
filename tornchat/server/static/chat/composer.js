/** Where one writes: Enter sends, Shift+Enter begins a new line. */

import { html, useEffect, useLayoutEffect, useMedia, useRef, useState } from "./html.js";
import { IconButton } from "./icons.js";
import { Quote } from "./message.js";

const MOST_PX = 220;
const COUNTED_FROM = 0.8;

/** @param {{room: import("./room.js").Room}} props */
export function Composer({ room }) {
  const [text, setText] = useState(room.draft);
  const area = useRef(null);
  const mute = !room.writable;
  const most = room.chat.info?.limits?.message_chars || Infinity;
  const left = most - [...text.trim()].length;
  const touch = useMedia("(pointer: coarse)");
  useEffect(() => {
    room.draft = text;
  }, [text]);
  useFocus(room, area);
  useWrite(room, area);
  useEdit(room, area, setText);
  useLayoutEffect(() => grow(area.current), [text]);
  const send = (event) => {
    event.preventDefault();
    if (!text.trim() || mute || left < 0) return;
    room.send(text);
    setText("");
    area.current.focus();
  };
  const onKeyDown = (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey && !touch) send(event);
    else if (event.key === "ArrowUp" && !text) focusLastMessage();
    else if (event.key === "Escape" && room.replyTo) room.reply(null);
  };
  return html`<form class="composer" onSubmit=${send}>
    ${room.replyTo &&
    html`<div class="replying"><span>In reply to <${Quote} entry=${room.replyTo} /></span>
      <${IconButton} icon="close" label="Don't reply" onClick=${() => room.reply(null)} /></div>`}
    <div class="composer-box">
      <textarea ref=${area} rows="1" dir="auto" aria-label=${`Message to ${room.name}`} aria-describedby="composer-hint"
        placeholder=${mute ? "You may read here, but not write." : `Message to ${room.name}`} disabled=${mute}
        value=${text} onInput=${(event) => setText(event.target.value)} onKeyDown=${onKeyDown}></textarea>
      <${IconButton} icon="send" label="Send" class="send" disabled=${!text.trim() || mute || left < 0} onClick=${send} />
    </div>
    <p class="composer-hint" id="composer-hint">
      <span>${!touch && html`<kbd>Enter</kbd> sends, <kbd>Shift</kbd> + <kbd>Enter</kbd> begins a new line`}</span>
      ${left < most * (1 - COUNTED_FROM) &&
      html`<span class=${`counter ${left < 0 ? "over" : ""}`} role="status">${left < 0 ? `${-left} characters too many` : `${left} characters left`}</span>`}
    </p>
  </form>`;
}

/** Ready to write on entering; not on a touch screen, whose keyboard would cover what one came to read. */
function useFocus(room, area) {
  useEffect(() => {
    if (matchMedia("(pointer: fine)").matches) area.current.focus();
  }, [room]);
}

/** Ready to write when somebody asked for it, as after a room was made. */
function useWrite(room, area) {
  useEffect(() => {
    const write = () => area.current.focus();
    room.addEventListener("write", write);
    return () => room.removeEventListener("write", write);
  }, [room]);
}

/** A refused message comes back to be mended, above what was begun since. */
function useEdit(room, area, setText) {
  useEffect(() => {
    const edit = ({ detail }) => {
      setText((now) => (now ? `${detail}\n${now}` : detail));
      area.current.focus();
    };
    room.addEventListener("edit", edit);
    return () => room.removeEventListener("edit", edit);
  }, [room]);
}

function focusLastMessage() {
  const messages = document.querySelectorAll(".message");
  messages[messages.length - 1]?.focus();
}

/** @param {HTMLTextAreaElement} area */
function grow(area) {
  area.style.height = "auto";
  area.style.height = `${Math.min(area.scrollHeight, MOST_PX)}px`;
}
