/** One message: whose it is, when it came, its text, and what people did with it. */

import { actionsFor } from "./actions.js";
import { Avatar } from "./avatar.js";
import { Component, html, useState } from "./html.js";
import { Icon, IconButton } from "./icons.js";
import { FIRST, Pills } from "./reactions.js";
import { isEmoji, Rich } from "./rich.js";
import { fill, words } from "./strings.js";
import { fullTime, isGuest, shortTime } from "./text.js";

const MOST_LINES = 12;
const MOST_COLUMNS = 100;
const COLUMN_PX = 8;
const LONG_PRESS_MS = 500;

/** The same text would be refused again. */
const FINAL = new Set(["message_too_long", "rejected", "invalid_message", "empty_message", "not_found"]);
const MOST_QUOTED = 100;
const CONTROLS = "a, button, input, pre, summary";

/** @param {{feed: import("./feed.js").Feed, text: string, entry?: import("./entry.js").Entry}} props */
function Text({ feed, text, entry }) {
  const { chat } = feed;
  const names = entry ? feed.namesIn(entry) : [];
  return html`<${Folded} long=${isLong(text)} kind=${`${isEmoji(text) ? "large" : ""} ${entry?.open ? "open" : ""}`} editedAt=${entry?.editedAt}>
    <${Rich} text=${text} known=${{ names, isRoom: chat.isRoom }} chat=${chat} /><//>`;
}

/** A text of more than `MOST_LINES` is folded until somebody asks for all of it. */
function Folded({ long, kind, editedAt, children }) {
  const [open, setOpen] = useState(false);
  return html`<div class=${`text ${kind} ${long && !open ? "folded" : ""}`} dir="auto"
      data-edited=${editedAt ? ` (${words.edited})` : undefined} title=${editedAt ? `${words.edited} ${fullTime(editedAt)}` : undefined}>${children}</div>
    ${long &&
    html`<button type="button" class="link fold" aria-expanded=${open ? "true" : "false"}
      onClick=${() => setOpen(!open)}>${open ? words.showLess : words.showAll}</button>`}`;
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
function Frame({ id, name, time, first, class: more = "", state = null, children, ...rest }) {
  return html`<li class=${`message ${first ? "first" : ""} ${more}`} tabindex="-1" ...${rest}>
    <div class="gutter">${first ? html`<${Avatar} id=${id} name=${name} />` : html`<${Stamp} time=${time} class="late" />`}</div>
    <div class="said">
      ${first
        ? html`<div class="head"><bdi class="sender">${name}</bdi>${isGuest(id) && html` <small class="guest">${words.guest}</small>`} <${Stamp} time=${time} class="stamp" /></div>`
        : html`<span class="unseen"><bdi>${name}</bdi>: </span>`}
      ${children}
    </div>
    ${state && html`<${State} state=${state} />`}
  </li>`;
}

/** How far one's own words have come: on their way, stored (for a moment), or refused. */
function State({ state }) {
  const [icon, label] = { sending: ["pending", words.sending], stored: ["check", words.stored], failed: ["alert", words.notSent] }[state];
  return html`<span class=${`state ${state}`} role="img" aria-label=${label} title=${label}><${Icon} name=${icon} size=${14} /></span>`;
}

/** What a message answers: the beginning of it, if it is loaded. @param {{entry: import("./entry.js").Entry | undefined}} props */
export function Quote({ entry }) {
  if (!entry) return words.earlierMessage;
  if (entry.deleted) return words.deletedMessage;
  return html`<bdi>${entry.sender}</bdi>: <bdi>${entry.text.slice(0, MOST_QUOTED)}</bdi>`;
}

const WATCHED = ["entry", "first", "found", "quoted", "edit", "stored", "writable", "rooms"];

/** A stored message. Only drawn again if it changed: there may be hundreds. */
export class Message extends Component {
  state = { pointed: false };
  #press = 0;

  shouldComponentUpdate(next, state) {
    return state.pointed !== this.state.pointed || WATCHED.some((name) => next[name] !== this.props[name]);
  }

  componentWillUnmount() {
    clearTimeout(this.#press);
  }

  #point = (pointed) => this.state.pointed !== pointed && this.setState({ pointed });

  #onFocusOut = ({ currentTarget, relatedTarget }) => {
    if (!currentTarget.contains(relatedTarget)) this.#point(currentTarget.matches(":hover"));
  };

  #onKeyDown = (event) => {
    const { feed, entry, surface } = this.props;
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const action = actionsFor(feed, entry).find(({ key }) => key === event.key);
    if (!action) return;
    event.preventDefault();
    action.act(feed, entry, surface);
  };

  #onDoubleClick = (event) => {
    const { feed, entry } = this.props;
    if (!feed.writable || entry.deleted || event.target.closest(CONTROLS)) return;
    getSelection()?.removeAllRanges();
    void feed.reactions.toggle(entry, FIRST);
  };

  #onPointerDown = (event) => {
    if (event.pointerType !== "touch") return;
    this.#press = setTimeout(() => {
      ignoreLift();
      this.props.surface.open(this.props.entry);
    }, LONG_PRESS_MS);
  };

  #onPressEnd = () => clearTimeout(this.#press);

  render({ feed, entry, first, surface, quoted, found, edit, stored }, { pointed }) {
    const state = edit ? (edit.error ? "failed" : "sending") : stored ? "stored" : null;
    return html`<${Frame} id=${entry.senderId} name=${entry.sender} time=${entry.time} first=${first} state=${state}
      class=${`${found ? "found" : ""} ${feed.mentionsMe(entry) ? "to-me" : ""} ${feed.isLive(entry) ? "live" : ""}`} data-seq=${entry.seq}
      onKeyDown=${this.#onKeyDown} onDblClick=${this.#onDoubleClick}
      onPointerEnter=${({ pointerType }) => pointerType !== "touch" && this.#point(true)} onPointerLeave=${({ pointerType }) => pointerType !== "touch" && this.#point(false)}
      onFocusIn=${() => this.#point(true)} onFocusOut=${this.#onFocusOut}
      onPointerDown=${this.#onPointerDown} onPointerUp=${this.#onPressEnd} onPointerMove=${this.#onPressEnd} onPointerCancel=${this.#onPressEnd}>
      ${surface.thread && entry.thread &&
      html`<button type="button" class="link in-thread" onClick=${() => surface.thread(entry.thread)}>
        <${Icon} name="thread" size=${14} /> <span>${words.inThread}</span></button>`}
      ${entry.replyTo &&
      html`<button type="button" class="link quote" onClick=${() => surface.reach(entry.replyTo)}>
        <${Icon} name="reply" size=${14} /> <span>${fill(words.inReplyTo, { quote: html`<${Quote} entry=${quoted} />` })}</span></button>`}
      ${entry.kind && !entry.deleted && html`<small class="kind">${entry.kind}</small>`}
      ${entry.deleted
        ? html`<div class="text gone">${words.deleted}</div>`
        : html`<${Text} feed=${feed} text=${edit?.text ?? entry.text} entry=${entry} />`}
      ${edit?.error && html`<${EditFate} feed=${feed} entry=${entry} edit=${edit} />`}
      <${Pills} room=${feed} entry=${entry} />
      ${surface.thread && entry.replies > 0 && html`<button type="button" class="link replies" onClick=${() => surface.thread(entry.seq)}>
        <${Icon} name="thread" size=${14} /> ${words.replies(entry.replies)}</button>`}
      ${pointed && html`<${Tools} feed=${feed} entry=${entry} surface=${surface} />`}
    <//>`;
  }
}

/** The finger that opened a sheet is lifted over it: that chooses nothing. */
function ignoreLift() {
  const stop = (event) => {
    event.preventDefault();
    event.stopPropagation();
  };
  addEventListener("click", stop, { capture: true, once: true });
  addEventListener("pointerdown", () => removeEventListener("click", stop, true), { capture: true, once: true });
}

/** Drawn for the message that is pointed at only. */
function Tools({ feed, entry, surface }) {
  const actions = actionsFor(feed, entry);
  if (!actions.length) return null;
  const open = ({ currentTarget }) => surface.open(entry, currentTarget);
  return html`<div class="tools" role="toolbar" aria-label=${words.actions}>
    ${actions.filter(({ quick }) => quick).map((action) => html`<${IconButton} key=${action.label} icon=${action.icon} label=${action.label}
      onClick=${() => action.act(feed, entry, surface)} />`)}
    <${IconButton} icon="more" label=${words.more} aria-haspopup="dialog" onClick=${open} />
  </div>`;
}

/** Why an edit was refused. */
function EditFate({ feed, entry, edit }) {
  return html`<${Fate} title=${words.notEdited} error=${edit.error}>
    <button type="button" class="link" onClick=${() => feed.outbox.editAgain(entry.seq)}>${words.retry}</button>${" "}
    <button type="button" class="link" onClick=${() => feed.outbox.discardEdit(entry.seq)}>${words.discard}</button>
  <//>`;
}

function Fate({ title, error, children }) {
  return html`<div class="fate" role="alert"><span>${title} <bdi>${error.words}</bdi>${" "}${children}</span></div>`;
}

/** One's own message that the server has not stored yet, or has refused. */
export function PendingMessage({ feed, pending, first }) {
  const { me } = feed.chat;
  const { error } = pending;
  return html`<${Frame} id=${me.id} name=${me.username} time=${pending.time} first=${first}
    class=${error ? "failed" : "pending"} state=${error ? "failed" : "sending"}>
    <${Text} feed=${feed} text=${pending.text} />
    ${error &&
    html`<${Fate} title=${words.notSent} error=${error}>
      ${FINAL.has(error.code)
        ? html`<button type="button" class="link" onClick=${() => feed.takeBack(pending)}>${words.editAgain}</button>`
        : html`<button type="button" class="link" onClick=${() => feed.outbox.resend(pending)}>${words.retry}</button>`}${" "}
      <button type="button" class="link" onClick=${() => feed.outbox.discard(pending)}>${words.discard}</button>
    <//>`}
  <//>`;
}
