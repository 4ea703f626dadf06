/** How something is, by a sign, a word and a colour: any one of them is enough. */

import { html } from "./html.js";

const SIGNS = {
  good: "M2.5 6.4 5 8.9l4.6-5.3",
  warn: "M6 2.2v4.6M6 9.2v.6",
  bad: "M3 3l6 6M9 3l-6 6",
};

/** @param {{kind: "good" | "warn" | "bad", words: string}} props */
export function State({ kind, words }) {
  return html`<span class=${`state ${kind}`}>
    <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true"><path d=${SIGNS[kind]} /></svg>${words}
  </span>`;
}
