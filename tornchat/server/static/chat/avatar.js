/** A user's initials on a colour that stays theirs. */

import { html } from "./html.js";
import { hue, initials } from "./text.js";

/** @param {{id: string, name: string, small?: boolean}} props */
export function Avatar({ id, name, small = false }) {
  return html`<span class=${`avatar hue-${hue(id)} ${small ? "small" : ""}`} aria-hidden="true">${initials(name)}</span>`;
}
