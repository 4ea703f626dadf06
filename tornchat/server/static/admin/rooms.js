/** The rooms in this node's memory; one of them opened shows who is in it, on all nodes. */

import { Actions, Told } from "./actions.js";
import { count, figure, said } from "./format.js";
import { html, useEffect, usePolled, useRef, useState } from "./html.js";
import { Failure, Search, Table } from "./table.js";

export function Rooms({ admin }) {
  const [q, setQ] = useState("");
  const [{ sort, order }, setSort] = useState({ sort: "sessions", order: "down" });
  const [open, setOpen] = useState(null);
  const rates = useRates();
  const query = { q, sort, order, limit: 200 };
  const { data, error } = usePolled(() => admin.api.rooms(query).then(rates.note), 3, JSON.stringify(query));
  const columns = [
    {
      name: "name",
      title: "Room",
      cell: (row) => html`<button type="button" class="link" aria-expanded=${open === row.name} onClick=${() => setOpen(open === row.name ? null : row.name)}>${row.name}</button>
        ${row.private && html` <span class="tag">private</span>`}`,
    },
    { name: "sessions", title: "Sessions here", number: true, cell: (row) => count(row.sessions) },
    { name: "users", title: "Users, all nodes", number: true, cell: (row) => count(row.users) },
    { name: "rate", title: "Messages/s", number: true, sorts: false, cell: (row) => figure(rates.of(row.name), "/s").text },
    { name: "seq", title: "Log entries", number: true, cell: (row) => count(row.seq) },
    { name: "behind_bytes", title: "Behind", number: true, cell: (row) => said(row.behind_bytes, "bytes") },
  ];
  return html`<${Search} label="Search rooms" value=${q} onInput=${setQ} found=${data?.found} shown=${data?.rooms.length} what=${`rooms loaded on node ${data?.node}`} />
    <${Failure} error=${error} />
    ${open && html`<${People} key=${open} admin=${admin} room=${open} onClose=${() => setOpen(null)} />`}
    ${data
      ? html`<${Table} caption="Rooms loaded on this node" columns=${columns} rows=${data.rooms} keyOf=${(row) => row.name} sort=${sort} order=${order}
          onSort=${(name, next) => setSort({ sort: name, order: next })}
          empty=${q ? `No room here matches “${q}”.` : "No room is loaded: nobody is in one, or was in the last minute."} />`
      : !error && html`<p class="empty">Asking for the rooms…</p>`}`;
}

/** Messages per second of each room, by what its log grew between two answers. */
function useRates() {
  const seen = useRef(new Map());
  return {
    of: (name) => seen.current.get(name)?.rate ?? null,
    note: (answer) => {
      const now = performance.now() / 1000;
      const fresh = answer.rooms.map(({ name, seq }) => {
        const before = seen.current.get(name);
        if (before && now - before.at < 1) return [name, before];
        return [name, { seq, at: now, rate: before ? Math.max(0, seq - before.seq) / (now - before.at) : null }];
      });
      seen.current = new Map(fresh);
      return answer;
    },
  };
}

function People({ admin, room, onClose }) {
  const [told, tell] = useState(null);
  const heading = useRef(null);
  useEffect(() => {
    heading.current.focus({ preventScroll: true });
    heading.current.closest("section").scrollIntoView({ block: "nearest" });
  }, []);
  const { data, error, reload } = usePolled(() => admin.api.users(room), 5, room);
  const onDone = (words, failed) => {
    tell({ words, failed });
    reload();
  };
  return html`<section class="card people" aria-labelledby="people">
    <div class="row">
      <h2 id="people" ref=${heading} tabindex="-1">In ${room}, on all nodes</h2>
      <button type="button" class="quiet" onClick=${onClose}>Close</button>
    </div>
    <${Told} told=${told} /><${Failure} error=${error} />
    ${data && !data.complete && html`<p class="banner warn">The list is being rebuilt, and some may be missing.</p>`}
    ${data && !data.users.length && html`<p class="empty">Nobody is here.</p>`}
    ${data?.users.length > 0 &&
    html`<ul>
      ${data.users.map(
        (user) => html`<li key=${user.id}><span><b>${user.username}</b> <span class="muted mono">${user.id}</span></span>
          <${Actions} admin=${admin} room=${room} user=${user} onDone=${onDone} /></li>`,
      )}
    </ul>`}
  </section>`;
}
