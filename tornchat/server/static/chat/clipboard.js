/** Putting a text into the clipboard. */

import { words } from "./strings.js";

/** Copy, and say so. Pages that are not secure have no clipboard. @param {import("./chat.js").Chat} chat @param {string} text */
export async function copy(chat, text) {
  try {
    await navigator.clipboard.writeText(text);
    chat.toast(words.copied);
  } catch {
    chat.toast(words.notCopied, "danger");
  }
}
