/** Slow mode: how long one waits between two messages, and, for moderators, how long that is. */

import { html, useEffect, useState } from "./html.js";
import { words } from "./strings.js";
import { exactly } from "./text.js";

const CHOICES = [0, 10, 30, 60, 300, 900, 3600, 21600];

/** When the user may write again in one room. */
export class Slow {
  seconds = 0;
  #last = 0;

  /** Say that a message was sent now. */
  sent() {
    this.#last = Date.now();
  }

  /** Milliseconds until the next message may be sent. */
  get left() {
    return Math.max(0, this.#last + this.seconds * 1000 - Date.now());
  }
}

/** How long one has to wait still. Draws again each second while one has to. @param {{slow: Slow, exempt: boolean}} props */
export function useWait({ slow, exempt }) {
  const [, tick] = useState(0);
  const left = exempt ? 0 : slow.left;
  useEffect(() => {
    if (!left) return undefined;
    const timer = setTimeout(() => tick((count) => count + 1), Math.min(left, 1000));
    return () => clearTimeout(timer);
  });
  return left;
}

/** @param {{room: import("./room.js").Room}} props */
export function SlowMode({ room }) {
  const { chat, slow } = room;
  const onChange = async ({ target }) => {
    const seconds = Number(target.value);
    if (await chat.attempt(() => chat.api.setSlow(room.name, seconds), seconds ? words.slowOn(exactly(seconds)) : words.slowOff)) {
      slow.seconds = seconds;
    }
    room.changed();
  };
  const choices = CHOICES.includes(slow.seconds) ? CHOICES : [...CHOICES, slow.seconds].sort((a, b) => a - b);
  return html`<label class="setting"><span>${words.slowMode}</span>
    <select value=${slow.seconds} onChange=${onChange}>
      ${choices.map((seconds) => html`<option value=${seconds} key=${seconds}>${seconds ? exactly(seconds) : words.off}</option>`)}
    </select></label>`;
}
