/** One message: whose it is, when it came, and its text with clickable links. */

import { Avatar } from "./avatar.js";
import { Component, html, useState } from "./html.js";
import { Icon, IconButton } from "./icons.js";
import { counted, fullTime, isGuest, shortTime, withLinks } from "./text.js";

const MOST_LINES = 12;
const MOST_COLUMNS = 100;
const COLUMN_PX = 8;

/** The same text would be refused again. */
const FINAL = new Set(["message_too_long", "rejected", "invalid_message", "empty_message", "not_found"]);
const MOST_QUOTED = 100;

/** @param {{text: string}} props */
function Text({ text }) {
  const parts = withLinks(text).map((part) =>
    typeof part === "string"
      ? part
      : html`<a href=${part.href} target="_blank" rel="noopener noreferrer nofollow ugc">${part.text}</a>`,
  );
  return html`<${Folded} long=${isLong(text)}>${parts}<//>`;
}

/** A text of more than `MOST_LINES` is folded until somebody asks for all of it. */
function Folded({ long, children }) {
  const [open, setOpen] = useState(false);
  return html`<div class=${`text ${long && !open ? "folded" : ""}`} dir="auto">${children}</div>
    ${long &&
    html`<button type="button" class="link fold" aria-expanded=${open ? "true" : "false"}
      onClick=${() => setOpen(!open)}>${open ? "Show less" : "Show all"}</button>`}`;
}

/** An estimate: to measure each message would move the others once more. @param {string} text */
function isLong(text) {
  const columns = Math.min(MOST_COLUMNS, innerWidth / COLUMN_PX);
  return text.split("\n").reduce((sum, line) => sum + Math.ceil(line.length / columns || 1), 0) > MOST_LINES;
}

function Stamp({ time, class: kind }) {
  return html`<time class=${kind} datetime=${time.toISOString()} title=${fullTime(time)}>${shortTime(time)}</time>`;
}

/** The first of a group says who speaks; those that follow say it to screen readers only. */
function Frame({ id, name, time, first, class: more = "", children, ...rest }) {
  return html`<li class=${`message ${first ? "first" : ""} ${more}`} tabindex="-1" ...${rest}>
    <div class="gutter">${first ? html`<${Avatar} id=${id} name=${name} />` : html`<${Stamp} time=${time} class="late" />`}</div>
    <div class="said">
      ${first
        ? html`<div class="head"><bdi class="sender">${name}</bdi>${isGuest(id) && html` <small class="guest">Guest</small>`} <${Stamp} time=${time} class="stamp" /></div>`
        : html`<span class="unseen"><bdi>${name}</bdi>: </span>`}
      ${children}
    </div>
  </li>`;
}

/** What a message answers: the beginning of it, if it is loaded. @param {{entry: import("./log.js").Entry | undefined}} props */
export function Quote({ entry }) {
  if (!entry) return "an earlier message";
  if (entry.deleted) return "a deleted message";
  return html`<bdi>${entry.sender}</bdi>: <bdi>${entry.text.slice(0, MOST_QUOTED)}</bdi>`;
}

/** A stored message. Only drawn again if it changed: there may be a thousand. */
export class Message extends Component {
  shouldComponentUpdate(next) {
    const { props } = this;
    const same = ["entry", "first", "found", "quoted"].every((name) => next[name] === props[name]);
    return !same || !next.onDelete !== !props.onDelete || !next.onReply !== !props.onReply;
  }

  render({ entry, first, onDelete, onReply, onReach, quoted, found }) {
    const erase = onDelete && !entry.deleted ? () => onDelete(entry) : null;
    const reply = onReply && !entry.deleted ? () => onReply(entry) : null;
    const onKeyDown = (event) => event.key === "Delete" && event.target === event.currentTarget && erase?.();
    return html`<${Frame} id=${entry.senderId} name=${entry.sender} time=${entry.time} first=${first}
      class=${found ? "found" : ""} data-seq=${entry.seq} onKeyDown=${onKeyDown}>
      ${entry.replyTo &&
      html`<button type="button" class="link quote" onClick=${() => onReach(entry.replyTo)}>
        <${Icon} name="reply" size=${14} /> <span>In reply to <${Quote} entry=${quoted} /></span></button>`}
      ${entry.deleted
        ? html`<div class="text gone">This message was deleted.</div>`
        : html`<${Text} text=${entry.text} />`}
      ${entry.replies > 0 && html`<div class="replies">${counted(entry.replies, "message")} in its thread</div>`}
      ${(erase || reply) &&
      html`<div class="tools">
        ${erase && html`<${IconButton} icon="trash" label="Delete this message" class="erase" onClick=${erase} />`}
        ${reply && html`<${IconButton} icon="reply" label="Reply to this message" onClick=${reply} />`}
      </div>`}
    <//>`;
  }
}

/** One's own message that the server has not stored yet, or has refused. */
export function PendingMessage({ room, pending, first }) {
  const { me } = room.chat;
  const { error } = pending;
  return html`<${Frame} id=${me.id} name=${me.username} time=${pending.time} first=${first}
    class=${error ? "failed" : "pending"}>
    <${Text} text=${pending.text} />
    ${error
      ? html`<div class="fate" role="alert">
          <${Icon} name="warning" size=${15} />
          <span>Not sent. <bdi>${error.words}</bdi>${" "}
            ${FINAL.has(error.code)
              ? html`<button type="button" class="link" onClick=${() => room.edit(pending)}>Edit</button>`
              : html`<button type="button" class="link" onClick=${() => room.resend(pending)}>Try again</button>`}${" "}
            <button type="button" class="link" onClick=${() => room.discard(pending)}>Discard</button></span>
        </div>`
      : html`<div class="fate waiting">Sending …</div>`}
  <//>`;
}
