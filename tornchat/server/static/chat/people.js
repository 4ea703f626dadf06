/** Who is here; for moderators, what can be done about it. */

import { Avatar } from "./avatar.js";
import { html, useEffect, useState, useStore } from "./html.js";
import { IconButton } from "./icons.js";
import { Confirm } from "./overlay.js";
import { Reports } from "./report.js";
import { SlowMode } from "./slowmode.js";
import { words } from "./strings.js";
import { duration, exactly, isGuest } from "./text.js";

const TERMS = [600, 3600, 86400, 2592000].map((seconds) => [seconds, exactly(seconds)]);

/** @param {{room: import("./room.js").Room, reach: (seq: number) => void}} props */
export function People({ room, reach }) {
  useStore(room, "people");
  useStore(room.chat);
  const [chosen, setChosen] = useState(null);
  const { me } = room.chat;
  const people = [...room.users].sort(([a, x], [b, y]) => (b === me.id) - (a === me.id) || room.chat.compare(x, y));
  const moderates = room.actions.has("moderate");
  return html`<div class="people">
    <ul aria-label=${words.peopleHere(people.length)}>
      ${people.map(([id, name]) => {
        const open = chosen === id;
        return html`<li key=${id}>
          <div class="person">
            <${Avatar} id=${id} name=${name} small />
            <span class="person-name" title=${id}><bdi>${name}</bdi></span>
            ${isGuest(id) && html`<small>${words.guest}</small>`}
            ${id === me.id && html`<small>${words.you}</small>`}
            ${room.chat.blocked.has(id) && html`<small>${words.blocked}</small>`}
            ${id !== me.id && room.chat.mayTalkTo(id) && room.about.kind !== "direct" &&
            html`<${IconButton} icon="mail" label=${words.talkTo(name)} onClick=${() => room.chat.talkTo(id, name)} />`}
            ${room.chat.blocks && id !== me.id && !room.chat.blocked.has(id) &&
            html`<${IconButton} icon="block" label=${words.block(name)} onClick=${() => room.chat.setBlocked(id, name, true)} />`}
            ${moderates && id !== me.id &&
            html`<${IconButton} icon="more" label=${words.moderate(name)} aria-expanded=${open ? "true" : "false"}
              onClick=${() => setChosen(open ? null : id)} />`}
          </div>
          ${open && html`<${Measures} room=${room} id=${id} name=${name} onDone=${() => setChosen(null)} />`}
        </li>`;
      })}
    </ul>
    <${Blocked} room=${room} />
    ${moderates && html`<${SlowMode} room=${room} />
      <${Reports} room=${room} reach=${reach} key=${`reports-${room.name}`} />
      <${Sanctions} room=${room} key=${room.name} />`}
  </div>`;
}

/** Whom the user blocks, here or not, so that it can be ended. */
function Blocked({ room }) {
  const { chat } = room;
  if (!chat.blocked.size) return null;
  return html`<h3>${words.blockedByYou}</h3>
    <ul>
      ${[...chat.blocked].sort().map((id) => {
        const name = room.users.get(id) ?? room.log.entries.findLast(({ senderId }) => senderId === id)?.sender ?? id;
        return html`<li key=${id} class="person">
          <span class="person-name" title=${id}><bdi>${name}</bdi></span>
          <button type="button" class="link" aria-label=${words.unblockName(name)} onClick=${() => chat.setBlocked(id, name, false)}>${words.unblock}</button>
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
  const mute = act(() => chat.api.sanction(room.name, "mutes", id, seconds), words.wasMuted(name, term));
  const ask = (title, told, action, call, done) => setAsked({ title, words: told, action, act: act(call, done) });
  const kick = () =>
    ask(words.removeAsk, words.removeTold(name), words.removeDo,
      () => chat.api.kick(room.name, id), words.wasRemoved(name));
  const ban = () =>
    ask(words.banAsk, words.banTold(name, term), words.banDo,
      () => chat.api.sanction(room.name, "bans", id, seconds), words.wasBanned(name, term));
  return html`<div class="measures">
    <label>${words.for} <select value=${seconds} onChange=${(event) => setSeconds(Number(event.target.value))}>
      ${TERMS.map(([length, term]) => html`<option value=${length}>${term}</option>`)}
    </select></label>
    <div class="row">
      <button type="button" class="plain" onClick=${mute}>${words.muteDo}</button>
      <button type="button" class="plain" onClick=${ban}>${words.banDo} …</button>
      <button type="button" class="plain" onClick=${kick}>${words.removeDo} …</button>
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
    await room.chat.attempt(() => api.pardon(room.name, `${kind}s`, user_id), words.lifted);
    await load();
  };
  if (!sanctions.length) return null;
  return html`<h3>${words.sanctions}</h3>
    <ul>
      ${sanctions.map((sanction) => {
        const name = room.users.get(sanction.user_id) ?? sanction.user_id;
        const left = sanction.until ? duration(new Date(sanction.until) - Date.now()) : null;
        return html`<li key=${sanction.kind + sanction.user_id} class="person">
          <span class="person-name"><bdi>${name}</bdi>
            <small>${words.sanction(sanction.kind === "ban", left)}</small></span>
          <button type="button" class="link" aria-label=${words.liftName(name)} onClick=${() => lift(sanction)}>${words.lift}</button>
        </li>`;
      })}
    </ul>`;
}
