/** All that can be done with one message: a menu beside it, or a sheet at the lower edge of a touch screen. */

import { actionsFor } from "./actions.js";
import { EMOJI, findEmoji, plainEmoji } from "./emoji.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "./html.js";
import { Icon } from "./icons.js";
import { words } from "./strings.js";

const QUICK = 6;
const EDGE_PX = 8;

/**
 * @typedef {{entry: import("./entry.js").Entry, emoji: boolean, at: {x: number, y: number} | null}} Opened
 *   `emoji`: an emoji is to be chosen; `at`: the corner of the menu, null for a sheet.
 */

/**
 * @param {{feed: import("./feed.js").Feed, opened: Opened | null, surface: import("./actions.js").Surface, onClose: () => void}} props
 */
export function EntryMenu({ feed, opened, surface, onClose }) {
  const dialog = useRef(null);
  useLayoutEffect(() => {
    const { current } = dialog;
    if (opened && !current.open) current.showModal();
    if (!opened && current.open) current.close();
    if (opened) place(current, opened.at);
  }, [opened]);
  const onClick = (event) => event.target === dialog.current && onClose();
  const react = (emoji) => {
    onClose();
    void feed.reactions.toggle(opened.entry, emoji);
  };
  return html`<dialog ref=${dialog} class=${opened?.at ? "menu" : "sheet"} onClose=${onClose} onClick=${onClick}
    aria-label=${opened?.emoji ? words.chooseEmoji : words.actions}>
    ${opened && (opened.emoji
      ? html`<${Picker} onChoose=${react} />`
      : html`<${Actions} feed=${feed} opened=${opened} surface=${surface} onClose=${onClose} onReact=${react} />`)}
  </dialog>`;
}

/** Beside what was clicked, and within the window. @param {HTMLDialogElement} dialog @param {Opened["at"]} at */
function place(dialog, at) {
  if (!at) {
    dialog.style.left = dialog.style.top = "";
    return;
  }
  const { offsetWidth, offsetHeight, style } = dialog;
  style.left = `${Math.max(EDGE_PX, Math.min(at.x - offsetWidth, innerWidth - offsetWidth - EDGE_PX))}px`;
  style.top = `${Math.max(EDGE_PX, Math.min(at.y, innerHeight - offsetHeight - EDGE_PX))}px`;
}

function Actions({ feed, opened: { entry }, surface, onClose, onReact }) {
  const actions = actionsFor(feed, entry);
  const act = (action) => {
    onClose();
    action.act(feed, entry, surface);
  };
  return html`${feed.writable && !entry.deleted && html`<div class="quick" role="group" aria-label=${words.react}>
      ${EMOJI.slice(0, QUICK).map(({ emoji, name }) => html`<button type="button" aria-label=${name} title=${name} key=${name}
        aria-pressed=${entry.own?.includes(plainEmoji(emoji)) ? "true" : "false"} onClick=${() => onReact(emoji)}>${emoji}</button>`)}
    </div>`}
    <ul class="choices" onKeyDown=${walk}>
      ${actions.map((action) => html`<li key=${action.label}>
        <button type="button" class=${action.danger ? "dangerous" : ""} onClick=${() => act(action)}>
          <${Icon} name=${action.icon} /> <span class="grow">${action.label}</span>
          ${action.key && html`<kbd aria-hidden="true">${action.key}</kbd>`}
        </button>
      </li>`)}
    </ul>`;
}

/** The arrow keys go from choice to choice. @param {KeyboardEvent} event */
function walk(event) {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const all = [...event.currentTarget.querySelectorAll("button")];
  all.at((all.indexOf(document.activeElement) + step) % all.length)?.focus();
}

/** @param {{onChoose: (emoji: string) => void}} props */
function Picker({ onChoose }) {
  const [sought, setSought] = useState("");
  const field = useRef(null);
  useEffect(() => field.current.focus(), []);
  const found = findEmoji(sought);
  const onKeyDown = (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (found.length) onChoose(found[0].emoji);
  };
  return html`<div class="picker">
    <input ref=${field} type="search" aria-label=${words.findEmoji} placeholder=${words.findEmoji} value=${sought}
      onInput=${(event) => setSought(event.target.value)} onKeyDown=${onKeyDown} />
    <div class="emojis">
      ${found.map(({ emoji, name }) => html`<button type="button" key=${name} aria-label=${name} title=${name}
        onClick=${() => onChoose(emoji)}>${emoji}</button>`)}
    </div>
    ${!found.length && html`<p class="hint" role="status">${words.noEmoji}</p>`}
  </div>`;
}
