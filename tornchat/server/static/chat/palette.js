/** One field that finds rooms, people and commands. */

import { COMMANDS } from "./commands.js";
import { best } from "./fuzzy.js";
import { html, useEffect, useRef, useState } from "./html.js";
import { Icon } from "./icons.js";
import { Dialog } from "./overlay.js";
import { ICONS } from "./roomlist.js";
import { words } from "./strings.js";

const MOST = 12;

/** @param {{chat: import("./chat.js").Chat, open: boolean, onClose: () => void}} props */
export function Palette({ chat, open, onClose }) {
  return html`<${Dialog} open=${open} onClose=${onClose} label=${words.palette} class="card palette"><${Finder} chat=${chat} onClose=${onClose} /><//>`;
}

/** @typedef {{name: string, icon: string, hint: string, act: () => void}} Found */

/** @param {import("./chat.js").Chat} chat @returns {Found[]} */
function everything(chat) {
  const rooms = chat.shelf.map((room) => ({
    name: room.label, icon: ICONS[room.kind], hint: room.unread ? words.unread(room.unread) : "", act: () => chat.open(room.name),
  }));
  const people = [...(chat.room?.users ?? [])].filter(([id]) => id !== chat.me.id).map(([, name]) => ({
    name, icon: "people", hint: words.mention, act: () => chat.room.mention(name),
  }));
  const commands = COMMANDS.filter(({ hidden, offered }) => !hidden && (offered?.(chat) ?? true)).map(({ label, icon, act }) => ({
    name: label, icon, hint: "", act: () => act(chat),
  }));
  return [...rooms, ...people, ...commands];
}

function Finder({ chat, onClose }) {
  const [sought, setSought] = useState("");
  const [chosen, setChosen] = useState(0);
  const field = useRef(null);
  useEffect(() => field.current.focus(), []);
  const found = best(sought, everything(chat), ({ name }) => name).slice(0, MOST);
  const take = (one) => {
    onClose();
    setTimeout(one.act); // once the focus is back, so that it can be moved
  };
  const onKeyDown = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setChosen((chosen + step + found.length) % Math.max(1, found.length));
    else if (event.key === "Enter" && found[chosen]) take(found[chosen]);
    else return;
    event.preventDefault();
  };
  const onInput = ({ target }) => {
    setSought(target.value);
    setChosen(0);
  };
  return html`<input ref=${field} type="text" role="combobox" aria-expanded="true" aria-controls="found" aria-autocomplete="list"
      aria-activedescendant=${found.length ? `found-${chosen}` : undefined} aria-label=${words.palette} placeholder=${words.paletteHint}
      value=${sought} onInput=${onInput} onKeyDown=${onKeyDown} autocomplete="off" spellcheck="false" />
    <ul class="listbox open" role="listbox" id="found" aria-label=${words.suggestions}>
      ${found.map((one, at) => html`<li key=${`${at} ${one.name}`} id=${`found-${at}`} role="option" aria-selected=${at === chosen ? "true" : "false"}
        onClick=${() => take(one)}><${Icon} name=${one.icon} size=${16} /> <bdi class="grow">${one.name}</bdi> <small>${one.hint}</small></li>`)}
    </ul>
    ${!found.length && html`<p class="hint" role="status">${words.nothingFound}</p>`}`;
}
