/** What each plugin's hooks take, and how often they fail. */

import { count, figure, said } from "./format.js";
import { html, usePolled, useRef, useState } from "./html.js";
import { State } from "./state.js";
import { Failure, Search, Table } from "./table.js";

export function Plugins({ admin }) {
  const [q, setQ] = useState("");
  const [{ sort, order }, setSort] = useState({ sort: "calls", order: "down" });
  const before = useRef(new Map());
  const { data, error } = usePolled(() => admin.api.hooks().then((answer) => withRates(answer, before)), 2, "");
  const wanted = q.toLowerCase();
  const rows = (data?.hooks ?? []).filter((row) => `${row.plugin} ${row.hook}`.toLowerCase().includes(wanted));
  const way = order === "up" ? 1 : -1;
  rows.sort((a, b) => way * compare(a[sort], b[sort]));
  const columns = [
    { name: "plugin", title: "Plugin", cell: (row) => html`<b>${row.plugin}</b>` },
    { name: "hook", title: "Hook", cell: (row) => html`<span class="mono">${row.hook}</span>` },
    { name: "calls", title: "Calls", number: true, cell: (row) => count(row.calls) },
    { name: "rate", title: "Calls/s", number: true, cell: (row) => figure(row.rate, "/s").text },
    { name: "mean", title: "Mean, now", number: true, cell: (row) => said(row.mean, "seconds") },
    { name: "p50", title: "p50", number: true, cell: (row) => said(row.p50, "seconds") },
    { name: "p99", title: "p99", number: true, cell: (row) => said(row.p99, "seconds") },
    { name: "failed", title: "Failed", number: true, cell: failures },
    { name: "stalls", title: "Stalls", number: true, cell: (row) => (row.stalls ? html`<${State} kind="bad" words=${count(row.stalls)} />` : "0") },
  ];
  return html`<${Search} label="Search plugins and hooks" value=${q} onInput=${setQ} found=${data && rows.length} shown=${rows.length} what="hooks" />
    <p class="hint">“Mean, now” is of the last two seconds; p50 and p99 are since the start, to the nearest bound of their histogram.</p>
    <${Failure} error=${error} />
    ${data &&
    html`<${Table} caption="Hooks of the plugins" columns=${columns} rows=${rows} keyOf=${(row) => `${row.plugin} ${row.hook}`} sort=${sort} order=${order}
      onSort=${(name, next) => setSort({ sort: name, order: next })} empty=${`No hook matches “${q}”.`} />`}`;
}

function failures({ failed, failures }) {
  if (!failed) return "0";
  const kinds = Object.entries(failures).map(([kind, times]) => `${kind} ${count(times)}`);
  return html`<${State} kind="bad" words=${count(failed)} /> <span class="muted">${kinds.join(", ")}</span>`;
}

/** Calls per second and their mean time, by what grew since the answer before. */
function withRates(answer, before) {
  const now = performance.now() / 1000;
  for (const row of answer.hooks) {
    const key = `${row.plugin} ${row.hook}`;
    const then = before.current.get(key);
    const fresh = then ? row.calls - then.calls : 0;
    row.rate = then ? fresh / (now - then.at) : null;
    row.mean = fresh ? (row.total - then.total) / fresh : null;
    row.failed = Object.values(row.failures).reduce((all, one) => all + one, 0);
    before.current.set(key, { at: now, calls: row.calls, total: row.total });
  }
  return answer;
}

const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b) : (a ?? -1) - (b ?? -1));
