/** Kick, ban and disconnect: asked about first where it lasts, and told afterwards. */

import { html, useEffect, useRef, useState } from "./html.js";

const TERMS = { 600: "10 minutes", 3600: "1 hour", 86400: "1 day", 604800: "1 week", 31536000: "1 year" };

/** @param {{admin: import("./admin.js").Admin, room: string, user: {id: string, username: string}, onDone: (words: string, failed?: boolean) => void, whole?: boolean}} props */
export function Actions({ admin, room, user, onDone, whole = true }) {
  const [asking, ask] = useState(null);
  const { api } = admin;
  const run = async (work, words) => {
    ask(null);
    try {
      await work();
      onDone(words);
    } catch (error) {
      onDone(`${user.username}: ${error.message}`, true);
    }
  };
  const kick = () => run(() => api.kick(room, user.id), `${user.username} was kicked from ${room}.`);
  return html`<span class="actions">
    <button type="button" onClick=${kick} aria-label=${`Kick ${user.username} from ${room}`}>Kick</button>
    <button type="button" onClick=${() => ask("ban")} aria-label=${`Ban ${user.username} from ${room}`}>Ban…</button>
    ${whole && html`<button type="button" onClick=${() => ask("disconnect")} aria-label=${`Disconnect ${user.username}`}>Disconnect…</button>`}
    ${asking === "ban" &&
    html`<${Dialog} title=${`Ban ${user.username} from ${room}?`} action="Ban" onCancel=${() => ask(null)}
      words="Their connections to this room are closed on every node, and until the ban ends the room is not there for them."
      onYes=${(term) => run(() => api.ban(room, user.id, Number(term)), `${user.username} was banned from ${room} for ${TERMS[term]}.`)} terms=${TERMS} />`}
    ${asking === "disconnect" &&
    html`<${Dialog} title=${`Disconnect ${user.username}?`} action="Disconnect" onCancel=${() => ask(null)}
      words="All their connections are closed, in every room and on every node. They may come again."
      onYes=${() => run(() => api.disconnect(user.id), `${user.username} was disconnected.`)} />`}
  </span>`;
}

function Dialog({ title, words, action, terms, onYes, onCancel }) {
  const dialog = useRef(null);
  const [term, setTerm] = useState("3600");
  useEffect(() => dialog.current.showModal(), []);
  return html`<dialog ref=${dialog} aria-labelledby="dialog-title" onClose=${onCancel}>
    <form onSubmit=${(event) => (event.preventDefault(), onYes(term))}>
      <h2 id="dialog-title">${title}</h2>
      <p>${words}</p>
      ${terms &&
      html`<label>For <select value=${term} onChange=${(event) => setTerm(event.target.value)}>
        ${Object.entries(terms).map(([seconds, name]) => html`<option value=${seconds}>${name}</option>`)}
      </select></label>`}
      <div class="row end">
        <button type="button" onClick=${() => dialog.current.close()}>Cancel</button>
        <button type="submit" class="danger">${action}</button>
      </div>
    </form>
  </dialog>`;
}

/** What was done last, said to screen readers, too. */
export function Told({ told }) {
  return html`<p class=${told ? `banner ${told.failed ? "bad" : "good"}` : "unseen"} role="status">${told?.words}</p>`;
}
