/** The list of suggestions above the composer. The focus stays in the text; the arrow keys choose. */

import { put } from "./formatting.js";
import { html, useEffect, useState } from "./html.js";
import { words } from "./strings.js";
import { suggest } from "./suggestions.js";

const KEYS = { ArrowDown: 1, ArrowUp: -1 };

/** @param {import("./feed.js").Feed} feed @param {{current: HTMLTextAreaElement}} area @param {string} text */
export function useSuggestions(feed, area, text) {
  const [found, setFound] = useState(null);
  const [chosen, setChosen] = useState(0);
  const fitting = () => {
    const { selectionStart, selectionEnd, value } = area.current;
    return selectionStart === selectionEnd ? suggest(feed, value, selectionStart) : null;
  };
  const isOther = (next) => next?.start !== found?.start || next?.suggestions.length !== found?.suggestions.length;
  const look = () => {
    const next = fitting();
    if (isOther(next)) setChosen(0);
    setFound(next);
  };
  const close = () => setFound(null);
  useEffect(() => (text ? look() : close()), [text]);
  const take = (suggestion, { start, end } = found) => {
    area.current.focus();
    area.current.setSelectionRange(start, end);
    put(area.current, suggestion.text);
    close();
  };
  const onKeyDown = (event) => {
    if (!found || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return false;
    const next = fitting(); // what is shown may be that of a key before
    if (!next) return false;
    const { suggestions } = found;
    if (event.key in KEYS) setChosen((chosen + KEYS[event.key] + suggestions.length) % suggestions.length);
    else if (event.key === "Enter" || event.key === "Tab") take(next.suggestions[isOther(next) ? 0 : chosen], next);
    else if (event.key === "Escape") close();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };
  const aria = (id) => ({
    "aria-autocomplete": "list",
    ...(found && { "aria-controls": id, "aria-activedescendant": `${id}-${chosen}` }),
  });
  return { found, chosen, take, onKeyDown, look, aria };
}

/** @param {{suggestions: ReturnType<typeof useSuggestions>, id: string}} props */
export function Listbox({ suggestions: { found, chosen, take }, id }) {
  if (!found) return null;
  return html`<ul class="listbox" role="listbox" id=${id} aria-label=${words.suggestions}>
    ${found.suggestions.map((suggestion, at) => html`<li key=${suggestion.label} id=${`${id}-${at}`} role="option"
      aria-selected=${at === chosen ? "true" : "false"} onMouseDown=${(event) => event.preventDefault()}
      onClick=${() => take(suggestion)}><span class="sign" aria-hidden="true">${suggestion.icon}</span> <bdi>${suggestion.label}</bdi></li>`)}
  </ul>`;
}
