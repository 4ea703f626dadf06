/** Keys that put markup around what is selected. */

/** @type {Readonly<Record<string, string>>} */
const MARKERS = Object.freeze({ b: "**", i: "*", e: "`" });

/** The markup that a key puts around the selection, if it does. @param {KeyboardEvent} event */
export const markerFor = ({ key, ctrlKey, metaKey, altKey, shiftKey }) =>
  (ctrlKey || metaKey) && !altKey && !shiftKey ? MARKERS[key.toLowerCase()] : undefined;

/** Put a marker around the selection, or take it away. It can be undone. @param {HTMLTextAreaElement} area @param {string} marker */
export function wrap(area, marker) {
  const { selectionStart: start, selectionEnd: end, value } = area;
  const inner = value.slice(start, end);
  const size = marker.length;
  const wrapped = value.slice(start - size, start) === marker && value.slice(end, end + size) === marker;
  if (wrapped) {
    area.setSelectionRange(start - size, end + size);
    put(area, inner);
    area.setSelectionRange(start - size, end - size);
  } else {
    put(area, marker + inner + marker);
    area.setSelectionRange(start + size, end + size);
  }
}

/** Replace what is selected. The only way that the browser can undo. @param {HTMLTextAreaElement} area @param {string} text */
export function put(area, text) {
  if (document.execCommand("insertText", false, text)) return;
  area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
}
