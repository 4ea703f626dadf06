/** Where one writes: Enter sends, Shift+Enter begins a new line, and the arrow up edits the last message. */

import { markerFor, wrap } from "./formatting.js";
import { html, useEffect, useLayoutEffect, useMedia, useRef, useState, useStore } from "./html.js";
import { Icon, IconButton } from "./icons.js";
import { Listbox, useSuggestions } from "./listbox.js";
import { Quote } from "./message.js";
import { useWait } from "./slowmode.js";
import { fill, words } from "./strings.js";
import { duration } from "./text.js";
import { WhoTypes } from "./typing.js";

const MOST_SHARE = 0.4; // of the window's height
const COUNTED_FROM = 0.8;

/** @param {{feed: import("./feed.js").Feed, label: string}} props */
export function Composer({ feed, label }) {
  useStore(feed);
  const [text, setText] = useText(feed);
  const area = useRef(null);
  const mute = !feed.writable;
  const most = feed.chat.info?.limits?.message_chars || Infinity;
  const left = most - [...text.trim()].length;
  const wait = useWait({ slow: feed.slow, exempt: feed.actions.has("moderate") || feed.editing !== null });
  const touch = useMedia("(pointer: coarse)");
  const id = feed.room === feed ? "room" : "thread";
  const suggestions = useSuggestions(feed, area, text);
  const ready = text.trim() && !mute && left >= 0 && !wait;
  useFocus(feed, area);
  useWrite(feed, area);
  useBack(feed, area, setText);
  useLayoutEffect(() => grow(area.current), [text]);
  const send = (event) => {
    event.preventDefault();
    if (!ready) return;
    feed.send(text);
    setText("");
    area.current.focus();
  };
  const onInput = ({ target }) => {
    setText(target.value);
    if (target.value.trim()) feed.typed();
  };
  const onKeyDown = (event) => {
    if (event.isComposing || suggestions.onKeyDown(event)) return;
    const marker = markerFor(event);
    if (marker) wrap(area.current, marker);
    else if (event.key === "Enter" && !event.shiftKey && !touch) send(event);
    else if (event.key === "ArrowUp" && !event.altKey && !text) feed.editLast() || focusLastMessage(area.current);
    else if (event.key === "Escape" && (feed.replyTo || feed.editing)) feed.reply(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`<form class="composer" onSubmit=${send}>
    <${Listbox} suggestions=${suggestions} id=${`${id}-suggestions`} />
    <${Context} feed=${feed} />
    <div class="composer-box">
      <textarea ref=${area} rows="1" dir="auto" aria-label=${label} aria-describedby=${`${id}-writing`} ...${suggestions.aria(`${id}-suggestions`)}
        placeholder=${mute ? words.mute : label} disabled=${mute} value=${text}
        onInput=${onInput} onKeyDown=${onKeyDown} onSelect=${suggestions.look}></textarea>
      <${IconButton} icon=${feed.editing ? "check" : "send"} label=${feed.editing ? words.save : words.send} class="send"
        disabled=${!ready} onClick=${send} />
    </div>
    <p class="composer-hint" id=${`${id}-writing`}>
      ${wait > 0
        ? html`<span class="waiting" role="status">${words.slowWait(duration(wait))}</span>`
        : html`<${WhoTypes} feed=${feed}><span>${!touch && fill(words.keysHint, { enter: html`<kbd>Enter</kbd>`, shift: html`<kbd>Shift</kbd> + <kbd>Enter</kbd>` })}</span><//>`}
      ${left < most * (1 - COUNTED_FROM) &&
      html`<span class=${`counter ${left < 0 ? "over" : ""}`} role="status">${left < 0 ? words.tooMany(-left) : words.left(left)}</span>`}
    </p>
  </form>`;
}

/** What the text is for, if it is not just the next message. */
function Context({ feed }) {
  if (!feed.replyTo && !feed.editing) return null;
  const told = feed.editing
    ? html`<${Icon} name="pencil" size=${14} /> ${words.editing}`
    : html`<${Icon} name="reply" size=${14} /> <span>${fill(words.inReplyTo, { quote: html`<${Quote} entry=${feed.replyTo} />` })}</span>`;
  return html`<div class="replying"><span class="told">${told}</span>
    <${IconButton} icon="close" label=${feed.editing ? words.stopEditing : words.stopReplying} onClick=${() => feed.reply(null)} /></div>`;
}

/** The text of the message that is edited, or else the draft, which waits meanwhile. */
function useText(feed) {
  const { editing } = feed;
  const [draft, setDraft] = useState(feed.draft);
  const [change, setChange] = useState("");
  const seq = editing?.seq;
  useLayoutEffect(() => setChange(editing ? (feed.outbox.edits.get(seq)?.text ?? editing.text) : ""), [seq]);
  useEffect(() => {
    feed.draft = draft;
  }, [draft]);
  return editing ? [change, setChange] : [draft, setDraft];
}

/** Ready to write on entering; not on a touch screen, whose keyboard would cover what one came to read. */
function useFocus(feed, area) {
  useEffect(() => {
    if (matchMedia("(pointer: fine)").matches) area.current.focus();
  }, [feed]);
}

/** Ready to write when somebody asked for it, as after a room was made. */
function useWrite(feed, area) {
  useEffect(() => {
    const write = () => area.current.focus();
    feed.addEventListener("write", write);
    return () => feed.removeEventListener("write", write);
  }, [feed]);
}

/** A refused message comes back to be mended, above what was begun since. */
function useBack(feed, area, setText) {
  useEffect(() => {
    const back = ({ detail }) => {
      setText((now) => (now ? `${detail}\n${now}` : detail));
      area.current.focus();
    };
    feed.addEventListener("back", back);
    return () => feed.removeEventListener("back", back);
  }, [feed]);
}

/** @param {HTMLElement} area */
function focusLastMessage(area) {
  const messages = area.closest(".column").querySelectorAll(".message");
  messages[messages.length - 1]?.focus();
}

/** @param {HTMLTextAreaElement} area */
function grow(area) {
  area.style.height = "auto";
  area.style.height = `${Math.min(area.scrollHeight, innerHeight * MOST_SHARE)}px`;
}
