/** The keys that work wherever the focus is, and their list. */

import { ACTIONS } from "./actions.js";
import { COMMANDS, matches } from "./commands.js";
import { html, useEffect } from "./html.js";
import { Dialog } from "./overlay.js";
import { words } from "./strings.js";

const TEXTS = "input, textarea, select, [contenteditable]";

/** @param {import("./chat.js").Chat} chat */
export function useShortcuts(chat) {
  useEffect(() => {
    const onKeyDown = (event) => {
      if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
      const writes = event.target instanceof Element && event.target.matches(TEXTS);
      const command = COMMANDS.find(({ keys }) => keys && matches(keys, event) && !(writes && keys.length === 1));
      if (!command) return;
      event.preventDefault();
      command.act(chat);
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, [chat]);
}

/** @param {string} keys */
function Keys({ keys }) {
  const shown = (keys === "+" ? [keys] : keys.replace("Arrow", "").split("+")).map((key) => ({ Up: "↑", Down: "↓", Escape: "Esc", Delete: "Del" })[key] ?? key);
  return shown.map((key, at) => html`${at > 0 && " + "}<kbd>${key.length === 1 ? key.toUpperCase() : key}</kbd>`);
}

/** @param {{open: boolean, onClose: () => void}} props */
export function Shortcuts({ open, onClose }) {
  const list = (title, all) => html`<h3>${title}</h3>
    <dl class="keys">${all.filter(({ keys }) => keys).map(({ label, keys }) => html`<div key=${label}><dt>${label}</dt><dd><${Keys} keys=${keys} /></dd></div>`)}</dl>`;
  return html`<${Dialog} open=${open} onClose=${onClose} label=${words.shortcuts} class="card wide">
    <h2 tabindex="-1" autofocus>${words.shortcuts}</h2>
    ${list(words.anywhere, COMMANDS)}
    ${list(words.onMessage, ACTIONS.map(({ label, key }) => ({ label, keys: key })))}
    ${list(words.whileWriting, words.writingKeys)}
    <div class="row end"><button type="button" class="plain" onClick=${onClose}>${words.close}</button></div>
  <//>`;
}
