/** Who is on this node: a row for each session. */

import { Actions, Told } from "./actions.js";
import { lasting, said } from "./format.js";
import { html, usePolled, useState } from "./html.js";
import { Failure, Search, Table } from "./table.js";

export function Users({ admin }) {
  const [q, setQ] = useState("");
  const [{ sort, order }, setSort] = useState({ sort: "seconds", order: "up" });
  const [told, tell] = useState(null);
  const query = { q, sort, order, limit: 200 };
  const { data, error, reload } = usePolled(() => admin.api.sessions(query), 3, JSON.stringify(query));
  const onDone = (words, failed) => {
    tell({ words, failed });
    reload();
  };
  const columns = [
    { name: "username", title: "User", cell: (row) => html`<b>${row.username}</b> <span class="muted mono">${row.user_id}</span>` },
    { name: "room", title: "Room", cell: (row) => row.room },
    { name: "remote_ip", title: "Address", cell: (row) => html`<span class="mono">${row.remote_ip}</span>` },
    { name: "seconds", title: "Connected", number: true, first: "up", cell: (row) => lasting(row.seconds) },
    { name: "dialect", title: "Speaks", sorts: false, cell: (row) => row.dialect },
    { name: "behind_bytes", title: "Behind", number: true, cell: (row) => said(row.behind_bytes, "bytes") },
    {
      name: "actions",
      title: "",
      sorts: false,
      cell: (row) => html`<${Actions} admin=${admin} room=${row.room} user=${{ id: row.user_id, username: row.username }} onDone=${onDone} />`,
    },
  ];
  return html`<${Search} label="Search users, ids, rooms" value=${q} onInput=${setQ} found=${data?.found} shown=${data?.sessions.length} what=${`sessions on node ${data?.node}`} />
    <${Told} told=${told} /><${Failure} error=${error} />
    ${data
      ? html`<${Table} caption="Sessions on this node" columns=${columns} rows=${data.sessions} keyOf=${(row) => row.connection} sort=${sort} order=${order}
          onSort=${(name, next) => setSort({ sort: name, order: next })}
          empty=${q ? `Nobody here matches “${q}”.` : "Nobody is connected to this node."} />`
      : !error && html`<p class="empty">Asking who is here…</p>`}`;
}
