/** How the connection stands, when it does not stand well. */

import { html, useEffect, useState } from "./html.js";
import { Icon } from "./icons.js";
import { duration } from "./text.js";

const NO_ROOM = 4000;
const REMOVED = 4003;

/** @param {{room: import("./room.js").Room}} props */
export function Banner({ room }) {
  const { connection } = room;
  const [kind, content] = told(room, connection);
  return html`<div class="banners" role="status">
    ${content && html`<div class=${`banner ${kind}`} data-state=${connection.state}>${content}</div>`}
  </div>`;
}

function told(room, { state, attempt, code }) {
  if (state === "waiting") {
    return ["warning", html`<${Icon} name="warning" />
      <span>Not connected. What you write is sent later. <${Countdown} at=${room.connection.retryAt} /></span>
      <button type="button" class="link" onClick=${() => room.retry()}>Try now</button>`];
  }
  if (state === "connecting" && (attempt || room.welcomed)) {
    return ["warning", html`<${Icon} name="warning" /> <span>Reconnecting …</span>`];
  }
  if (state === "closed" && code === NO_ROOM) {
    const { home } = room.chat;
    return ["danger", html`<${Icon} name="lock" />
      <span>There is no room <bdi>${room.name}</bdi>, or it is not open to you.</span>
      ${room.name !== home && html`<button type="button" class="link" onClick=${() => room.chat.open(home)}>Go to ${home}</button>`}
      <button type="button" class="link" onClick=${() => room.retry()}>Try again</button>`];
  }
  if (state === "closed" && code === REMOVED) {
    return ["danger", html`<${Icon} name="warning" /> <span>A moderator removed you from this room.</span>
      <button type="button" class="link" onClick=${() => room.retry()}>Try to come back</button>`];
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
  return html`<span aria-hidden="true" class="countdown">Trying again in ${duration(at - now)}.</span>`;
}
