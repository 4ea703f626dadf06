/** Where the page begins. */

import { Chat } from "./chat.js";
import { html, render, useEffect, useStore } from "./html.js";
import { Toasts } from "./overlay.js";
import { Shell } from "./shell.js";
import { SignIn } from "./signin.js";
import { applyTheme } from "./theme.js";

function Page({ chat }) {
  useStore(chat);
  const unread = chat.room?.unread ?? 0;
  const title = chat.phase === "in" ? `${chat.room.name} · ${chat.info.name}` : (chat.info?.name ?? "tornchat");
  useEffect(() => {
    document.title = unread ? `(${unread}) ${title}` : title;
  }, [unread, title]);
  return html`<${Screen} chat=${chat} /><${Toasts} chat=${chat} />`;
}

function Screen({ chat }) {
  if (chat.phase === "in") return html`<${Shell} chat=${chat} />`;
  if (chat.phase === "signed-out") return html`<${SignIn} chat=${chat} />`;
  const away = chat.phase === "unreachable";
  return html`<main class="door"><p class="door-wait" role="status">
    ${away ? "The chat can't be reached now. Trying again until it can …" : "One moment …"}
  </p></main>`;
}

/** What was not sent yet would be lost with the page. @param {Chat} chat */
function warnBeforeLeaving(chat) {
  addEventListener("beforeunload", (event) => {
    if (chat.room?.unsent.length) event.preventDefault();
  });
}

applyTheme();
const chat = new Chat(new URL(".", document.baseURI));
warnBeforeLeaving(chat);
const place = document.getElementById("page");
place.textContent = "";
render(html`<${Page} chat=${chat} />`, place);
await chat.start();
