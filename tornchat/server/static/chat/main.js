/** Where the page begins. */

import { Chat } from "./chat.js";
import { html, render, useEffect, useState, useStore } from "./html.js";
import { Toasts } from "./overlay.js";
import { SignIn } from "./signin.js";
import { language, words } from "./strings.js";
import { applyTheme } from "./theme.js";

function Page({ chat }) {
  useStore(chat);
  return html`<${Title} chat=${chat} /><${Screen} chat=${chat} /><${Toasts} chat=${chat} />`;
}

/** The room's name, and how much is unread there or mentions the user elsewhere. @param {{chat: Chat}} props */
function Title({ chat }) {
  useStore(chat, "rooms");
  const unread = (chat.room?.unread ?? 0) + (chat.phase === "in" ? chat.mentions : 0);
  const title = chat.phase === "in" ? `${chat.room.label} · ${chat.info.name}` : (chat.info?.name ?? "tornchat");
  useEffect(() => {
    document.title = unread ? `(${unread}) ${title}` : title;
  }, [unread, title]);
  return null;
}

function Screen({ chat }) {
  if (chat.phase === "in") return html`<${Inside} chat=${chat} />`;
  if (chat.phase === "signed-out") return html`<${SignIn} chat=${chat} />`;
  const away = chat.phase === "unreachable";
  return html`<main class="door"><p class="door-wait" role="status">
    ${away ? words.away : words.moment}
  </p></main>`;
}

/** What only those need who are in is loaded when they come. @param {{chat: Chat}} props */
function Inside({ chat }) {
  const [Shell, setShell] = useState(null);
  useEffect(() => void import("./shell.js").then((module) => setShell(() => module.Shell)), []);
  return Shell && html`<${Shell} chat=${chat} />`;
}

/** What was not sent yet would be lost with the page. @param {Chat} chat */
function warnBeforeLeaving(chat) {
  addEventListener("beforeunload", (event) => {
    if (chat.room?.unsent.length) event.preventDefault();
  });
}

applyTheme();
document.documentElement.lang = language;
const chat = new Chat(new URL(".", document.baseURI));
warnBeforeLeaving(chat);
if (chat.mayResume) chat.prepare();
else addEventListener("input", () => chat.prepare(), { once: true });
const place = document.getElementById("page");
place.textContent = "";
render(html`<${Page} chat=${chat} />`, place);
await chat.start();
