/** The way in: a name, if guests are let in, or a token. */

import { html, useEffect, useRef, useState } from "./html.js";
import { Icon } from "./icons.js";
import { browser } from "./kept.js";
import { fill, words } from "./strings.js";
import { ThemeButton } from "./theme.js";

const TOKEN = /^[\x21-\x7e]+$/; // whatever a header may carry; whether it is a good one is for the server to say

/** @param {{chat: import("./chat.js").Chat}} props */
export function SignIn({ chat }) {
  const guests = chat.info.guest;
  const [way, setWay] = useState(guests ? "name" : "token");
  const Form = way === "name" ? NameForm : TokenForm;
  return html`<main class="door">
    <div class="door-corner"><${ThemeButton} /></div>
    <div class="door-card">
      <div class="door-mark"><${Icon} name="bubbles" size=${28} /></div>
      <h1>${chat.info.name}</h1>
      ${chat.notice && html`<p class="note warning" role="status">${chat.notice}</p>`}
      <${Form} chat=${chat} key=${way} />
      ${guests
        ? html`<button type="button" class="link" onClick=${() => setWay(way === "name" ? "token" : "name")}>
            ${way === "name" ? words.haveToken : words.chooseName}
          </button>`
        : html`<p class="hint">${fill(words.noGuests, { command: html`<code>${words.tokenCommand}</code>` })}</p>`}
    </div>
  </main>`;
}

function NameForm({ chat }) {
  const [name, setName] = useState(browser.get(chat.nameKey) ?? "");
  const check = () => (name.trim() ? "" : words.nameMissing);
  return html`<${Form} submit=${() => chat.signInAsGuest(name.trim())} check=${check} action=${words.join}>
    ${(field) => html`<label for="name">${words.name}</label>
      <input id="name" autocomplete="nickname" maxlength="64" dir="auto" value=${name} ...${field}
        onInput=${(event) => setName(event.target.value)} />`}
  <//>`;
}

function TokenForm({ chat }) {
  const [token, setToken] = useState("");
  const given = token.trim().replace(/^Bearer\s+/i, "");
  const check = () =>
    TOKEN.test(given) ? "" : words.tokenWrong;
  return html`<${Form} submit=${() => chat.signInWithToken(given)} check=${check} action=${words.signIn}>
    ${(field) => html`<label for="token">${words.token}</label>
      <textarea id="token" rows="4" autocomplete="off" autocapitalize="off" spellcheck="false" value=${token} ...${field}
        onInput=${(event) => setToken(event.target.value)}></textarea>`}
  <//>`;
}

/** A field, its fault and a button. `children` draws the field with what marks it as faulty. */
function Form({ submit, check, action, children }) {
  const [fault, setFault] = useState("");
  const [busy, setBusy] = useState(false);
  const form = useRef(null);
  const focus = () => form.current?.querySelector("input, textarea").focus();
  useEffect(focus, []);
  const onSubmit = async (event) => {
    event.preventDefault();
    const found = check();
    setFault(found);
    if (found) return focus();
    setBusy(true);
    try {
      await submit();
    } catch (error) {
      setFault(told(error));
      setBusy(false);
      focus();
    }
  };
  const field = fault ? { "aria-invalid": "true", "aria-describedby": "fault" } : {};
  return html`<form ref=${form} onSubmit=${onSubmit} novalidate>
    ${children(field)}
    ${fault && html`<p class="fault" id="fault" role="alert">${fault}</p>`}
    <button class="primary" disabled=${busy}>${busy ? words.moment : action}</button>
  </form>`;
}

/** @param {import("./api.js").ApiError} error */
function told(error) {
  if (error.status === 401) return words.tokenRefused;
  if (error.status === 403) return words.guestsRefused;
  if (error.status === 422) return words.nameRefused;
  if (error.status === 429) return words.tooManyTries(Math.ceil(error.retryAfter ?? 30));
  return error.message;
}
