/** The dashboard: sign in, then four views of one node. */

import { Admin } from "./admin.js";
import { lasting } from "./format.js";
import { healthOf } from "./health.js";
import { html, render, useEffect, useState, useStore } from "./html.js";
import { Overview } from "./overview.js";
import { Plugins } from "./plugins.js";
import { Rooms } from "./rooms.js";
import { SignIn } from "./signin.js";
import { State } from "./state.js";
import { ThemeChoice, applyTheme } from "./theme.js";
import { Users } from "./users.js";

const VIEWS = { overview: ["Overview", Overview], rooms: ["Rooms", Rooms], users: ["Users", Users], plugins: ["Plugins", Plugins] };
const STALE_MS = 7000;

const viewOf = () => (location.hash.slice(1) in VIEWS ? location.hash.slice(1) : "overview");

function Page({ admin }) {
  useStore(admin);
  const [view, setView] = useState(viewOf());
  useEffect(() => {
    const onHash = () => setView(viewOf());
    addEventListener("hashchange", onHash);
    return () => removeEventListener("hashchange", onHash);
  }, []);
  if (!admin.api) return html`<${SignIn} admin=${admin} />`;
  const [title, View] = VIEWS[view];
  return html`<a class="skip" href="#main" onClick=${skip}>Skip to the figures</a>
    <${Header} admin=${admin} view=${view} />
    <main id="main" tabindex="-1">
      <h1 class="unseen">${title}</h1>
      <${Trouble} admin=${admin} />
      ${admin.overview ? html`<${View} admin=${admin} key=${view} />` : html`<p class="empty">Waiting for the first figures…</p>`}
    </main>`;
}

function skip(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

function Header({ admin, view }) {
  const node = admin.overview?.node;
  const health = healthOf(admin);
  return html`<header>
    <div class="bar">
      <span class="brand">tornchat</span>
      ${node && html`<${State} kind=${health.kind} words=${health.words} />
        <dl class="facts">
          <div><dt>Node</dt><dd class="mono">${node.id}</dd></div>
          <div><dt>Scope</dt><dd>${node.scope === "cluster" ? "one of several" : "single"}</dd></div>
          <div><dt>Up</dt><dd>${lasting((Date.now() - Date.parse(node.started_at)) / 1000)}</dd></div>
          <div><dt>Version</dt><dd>${node.version}</dd></div>
        </dl>`}
      <span class="grow"></span>
      <${ThemeChoice} />
      <button type="button" class="quiet" onClick=${admin.signOut} title=${`Signed in as ${admin.user.username}`}>Sign out</button>
    </div>
    <nav aria-label="Views">
      ${Object.entries(VIEWS).map(
        ([name, [title]]) => html`<a href=${`#${name}`} aria-current=${name === view ? "page" : undefined}>${title}</a>`,
      )}
    </nav>
  </header>`;
}

function Trouble({ admin }) {
  if (!admin.error) return null;
  const ago = admin.answeredAt ? ` What you see is ${lasting((Date.now() - admin.answeredAt) / 1000)} old.` : "";
  const words = Date.now() - admin.answeredAt < STALE_MS ? admin.error.message : admin.error.message + ago;
  return html`<p class="banner bad" role="alert"><strong>No answer.</strong> ${words} Trying again every two seconds.</p>`;
}

applyTheme();
const admin = new Admin(new URL("../", location.href.replace(/[?#].*$/, "")));
render(html`<${Page} admin=${admin} />`, document.getElementById("page"));
admin.resume();
