/** The way in: a name, if guests are let in, or a token. */

import { html, useEffect, useRef, useState } from "./html.js";
import { Icon } from "./icons.js";
import { browser } from "./kept.js";
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
            ${way === "name" ? "I have a token" : "Choose a name instead"}
          </button>`
        : html`<p class="hint">
            This chat lets nobody in without a login or a token. If it belongs to a site, sign in there and reload
            this page. Otherwise ask whoever runs it for a token, or, on the server, run
            ${" "}<code>tornchat token YOUR-NAME</code> and paste what it prints.
          </p>`}
    </div>
  </main>`;
}

function NameForm({ chat }) {
  const [name, setName] = useState(browser.get(chat.nameKey) ?? "");
  const check = () => (name.trim() ? "" : "Choose a name first: it stands beside what you write.");
  return html`<${Form} submit=${() => chat.signInAsGuest(name.trim())} check=${check} action="Join the chat">
    ${(field) => html`<label for="name">Your name</label>
      <input id="name" autocomplete="nickname" maxlength="64" dir="auto" value=${name} ...${field}
        onInput=${(event) => setName(event.target.value)} />`}
  <//>`;
}

function TokenForm({ chat }) {
  const [token, setToken] = useState("");
  const given = token.trim().replace(/^Bearer\s+/i, "");
  const check = () =>
    TOKEN.test(given) ? "" : "That is no token. One is a single word without spaces; paste all of it.";
  return html`<${Form} submit=${() => chat.signInWithToken(given)} check=${check} action="Sign in">
    ${(field) => html`<label for="token">Your token</label>
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
      setFault(words(error));
      setBusy(false);
      focus();
    }
  };
  const field = fault ? { "aria-invalid": "true", "aria-describedby": "fault" } : {};
  return html`<form ref=${form} onSubmit=${onSubmit} novalidate>
    ${children(field)}
    ${fault && html`<p class="fault" id="fault" role="alert">${fault}</p>`}
    <button class="primary" disabled=${busy}>${busy ? "One moment …" : action}</button>
  </form>`;
}

/** @param {import("./api.js").ApiError} error */
function words(error) {
  if (error.status === 401) return "The server does not accept this token: it is expired, or for another server. Get a new one.";
  if (error.status === 403) return "Guests are not let in from here. Sign in with a token instead.";
  if (error.status === 422) return "This name can't be used. Take up to 64 letters, digits, spaces and signs.";
  if (error.status === 429) return `Too many tries. Wait ${Math.ceil(error.retryAfter ?? 30)} seconds, then try again.`;
  return error.message;
}
