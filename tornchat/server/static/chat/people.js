/** Who is here; for moderators, what can be done about it. */

import { Avatar } from "./avatar.js";
import { html, useEffect, useState } from "./html.js";
import { IconButton } from "./icons.js";
import { Confirm } from "./overlay.js";
import { counted, duration, isGuest } from "./text.js";

const TERMS = [
  [600, "10 minutes"],
  [3600, "1 hour"],
  [86400, "1 day"],
  [2592000, "30 days"],
];

/** @param {{room: import("./room.js").Room}} props */
export function People({ room }) {
  const [chosen, setChosen] = useState(null);
  const { me } = room.chat;
  const people = [...room.users].sort(([a, x], [b, y]) => (b === me.id) - (a === me.id) || x.localeCompare(y));
  const moderates = room.actions.has("moderate");
  return html`<div class="people">
    <ul aria-label=${`${counted(people.length, "person", "people")} here`}>
      ${people.map(([id, name]) => {
        const open = chosen === id;
        return html`<li key=${id}>
          <div class="person">
            <${Avatar} id=${id} name=${name} small />
            <span class="person-name" title=${id}><bdi>${name}</bdi></span>
            ${isGuest(id) && html`<small>Guest</small>`}
            ${id === me.id && html`<small>you</small>`}
            ${room.chat.blocked.has(id) && html`<small>Blocked</small>`}
            ${room.chat.blocks && id !== me.id && !room.chat.blocked.has(id) &&
            html`<${IconButton} icon="block" label=${`Block ${name}`} onClick=${() => room.chat.setBlocked(id, name, true)} />`}
            ${moderates && id !== me.id &&
            html`<${IconButton} icon="more" label=${`Moderate ${name}`} aria-expanded=${open ? "true" : "false"}
              onClick=${() => setChosen(open ? null : id)} />`}
          </div>
          ${open && html`<${Measures} room=${room} id=${id} name=${name} onDone=${() => setChosen(null)} />`}
        </li>`;
      })}
    </ul>
    <${Blocked} room=${room} />
    ${moderates && html`<${Sanctions} room=${room} key=${room.name} />`}
  </div>`;
}

/** Whom the user blocks, here or not, so that it can be ended. */
function Blocked({ room }) {
  const { chat } = room;
  if (!chat.blocked.size) return null;
  return html`<h3>Blocked by you</h3>
    <ul>
      ${[...chat.blocked].sort().map((id) => {
        const name = room.users.get(id) ?? room.log.entries.findLast(({ senderId }) => senderId === id)?.sender ?? id;
        return html`<li key=${id} class="person">
          <span class="person-name" title=${id}><bdi>${name}</bdi></span>
          <button type="button" class="link" aria-label=${`Unblock ${name}`} onClick=${() => chat.setBlocked(id, name, false)}>Unblock</button>
        </li>`;
      })}
    </ul>`;
}

function Measures({ room, id, name, onDone }) {
  const [seconds, setSeconds] = useState(3600);
  const [asked, setAsked] = useState(null);
  const { chat } = room;
  const term = TERMS.find(([length]) => length === seconds)[1];
  const act = (call, done) => async () => {
    if (await chat.attempt(call, done)) onDone();
    room.dispatchEvent(new Event("sanctioned"));
  };
  const mute = act(() => chat.api.sanction(room.name, "mutes", id, seconds), `${name} is muted for ${term}.`);
  const ask = (title, words, action, call, done) => setAsked({ title, words, action, act: act(call, done) });
  const kick = () =>
    ask("Remove from the room?", `${name} is removed now, and may come back.`, "Remove",
      () => chat.api.kick(room.name, id), `${name} was removed.`);
  const ban = () =>
    ask("Ban from the room?", `${name} is removed and can't come back for ${term}.`, "Ban",
      () => chat.api.sanction(room.name, "bans", id, seconds), `${name} is banned for ${term}.`);
  return html`<div class="measures">
    <label>For <select value=${seconds} onChange=${(event) => setSeconds(Number(event.target.value))}>
      ${TERMS.map(([length, words]) => html`<option value=${length}>${words}</option>`)}
    </select></label>
    <div class="row">
      <button type="button" class="plain" onClick=${mute}>Mute</button>
      <button type="button" class="plain" onClick=${ban}>Ban …</button>
      <button type="button" class="plain" onClick=${kick}>Remove …</button>
    </div>
    <${Confirm} asked=${asked} onClose=${() => setAsked(null)} />
  </div>`;
}

/** Who is muted or banned, so that it can be lifted. */
function Sanctions({ room }) {
  const [sanctions, setSanctions] = useState([]);
  const { api } = room.chat;
  const load = () => api.sanctions(room.name).then(({ sanctions }) => setSanctions(sanctions), () => setSanctions([]));
  useEffect(() => {
    void load();
    room.addEventListener("sanctioned", load);
    return () => room.removeEventListener("sanctioned", load);
  }, [room]);
  const lift = async ({ user_id, kind }) => {
    await room.chat.attempt(() => api.pardon(room.name, `${kind}s`, user_id), "Lifted.");
    await load();
  };
  if (!sanctions.length) return null;
  return html`<h3>Muted and banned</h3>
    <ul>
      ${sanctions.map((sanction) => {
        const name = room.users.get(sanction.user_id) ?? sanction.user_id;
        const left = sanction.until ? `for ${duration(new Date(sanction.until) - Date.now())} more` : "for ever";
        return html`<li key=${sanction.kind + sanction.user_id} class="person">
          <span class="person-name"><bdi>${name}</bdi>
            <small>${sanction.kind === "ban" ? "Banned" : "Muted"} ${left}</small></span>
          <button type="button" class="link" aria-label=${`Lift what holds ${name}`} onClick=${() => lift(sanction)}>Lift</button>
        </li>`;
      })}
    </ul>`;
}
