/** How the connection stands, when it does not stand well. */

import { html, useEffect, useState, useStore } from "./html.js";
import { Icon } from "./icons.js";
import { fill, words } from "./strings.js";
import { duration } from "./text.js";

const NO_ROOM = 4000;
const REMOVED = 4003;

/** @param {{room: import("./room.js").Room}} props */
export function Banner({ room }) {
  useStore(room);
  const { connection } = room;
  const [kind, content] = told(room, connection);
  return html`<div class="banners" role="status">
    ${content && html`<div class=${`banner ${kind}`} data-state=${connection.state}>${content}</div>`}
  </div>`;
}

function told(room, { state, attempt, code }) {
  if (state === "waiting") {
    return ["warning", html`<${Icon} name="warning" />
      <span>${words.notConnected} <${Countdown} at=${room.connection.retryAt} /></span>
      <button type="button" class="link" onClick=${() => room.retry()}>${words.tryNow}</button>`];
  }
  if (state === "connecting" && (attempt || room.welcomed)) {
    return ["warning", html`<${Icon} name="warning" /> <span>${words.reconnecting}</span>`];
  }
  if (state === "closed" && code === NO_ROOM) {
    const { home } = room.chat;
    return ["danger", html`<${Icon} name="lock" />
      <span>${fill(words.noRoom, { room: html`<bdi>${room.name}</bdi>` })}</span>
      ${room.name !== home && html`<button type="button" class="link" onClick=${() => room.chat.open(home)}>${words.goTo(home)}</button>`}
      <button type="button" class="link" onClick=${() => room.retry()}>${words.tryAgain}</button>`];
  }
  if (state === "closed" && code === REMOVED) {
    return ["danger", html`<${Icon} name="warning" /> <span>${words.removed}</span>
      <button type="button" class="link" onClick=${() => room.retry()}>${words.comeBack}</button>`];
  }
  return ["", null];
}

/** Seconds are for the eye: a screen reader would say each of them. */
function Countdown({ at }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [at]);
  return html`<span aria-hidden="true" class="countdown">${words.tryingIn(duration(at - now))}</span>`;
}
