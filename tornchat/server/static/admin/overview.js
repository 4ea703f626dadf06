/** One node at a glance: figures, plots, health, and what went wrong since the start. */

import { count, figure } from "./format.js";
import { kindOf, partsOf } from "./health.js";
import { html, useState } from "./html.js";
import { Plot } from "./plot.js";
import { Sparkline } from "./sparkline.js";
import { State } from "./state.js";

const TILES = [
  ["Connections", "connections", ""],
  ["Rooms loaded", "rooms", ""],
  ["Messages in", "received", "/s"],
  ["Deliveries out", "delivered", "/s"],
  ["Commit, p99", "commit_p99", "seconds"],
  ["Delivery, p99", "delivery_p99", "seconds"],
  ["Loop lag, p99", "lag_p99", "seconds"],
  ["Waiting to be sent", "behind_bytes", "bytes"],
];
const PLOTS = [
  ["Messages", "/s", [["received", "received"], ["stored", "stored"]], 1],
  ["Deliveries", "/s", [["delivered", "to sessions"]], 1],
  ["Sent", "bytes/s", [["sent_bytes", "to sockets"]], 1024],
  ["Commit", "seconds", [["commit_p99", "p99"], ["commit_p50", "p50"]], 0.005],
  ["Delivery", "seconds", [["delivery_p99", "p99"], ["delivery_p50", "p50"]], 0.005],
  ["Event loop lag", "seconds", [["lag_p99", "p99"], ["lag_p50", "p50"]], 0.005],
  ["Connections", "", [["connections", "open"], ["sessions", "in rooms"]], 4],
  ["Store queue", "", [["store_queue", "messages"]], 4],
  ["Waiting to be sent", "bytes", [["behind_bytes", "for slow readers"]], 1024],
  ["CPU", "share", [["cpu", "of one core"]], 0.1],
  ["Memory", "bytes", [["memory_bytes", "resident"]], 1 << 20],
];
const ALONE = ["Rooms", "", [["rooms", "loaded"]], 4];
const OF_SEVERAL = ["Broadcast", "/s", [["published", "published"], ["arrived", "received"]], 1];
const SPANS = { 120: "2 min", 300: "5 min", 900: "15 min" };
const HIGH = { warn: "high", bad: "very high" };

export function Overview({ admin }) {
  const [span, setSpan] = useState(300);
  const plots = [...PLOTS, admin.overview.node.scope === "cluster" ? OF_SEVERAL : ALONE];
  return html`<section class="tiles" aria-label="Now">
      ${TILES.map(([label, name, kind]) => html`<${Tile} admin=${admin} label=${label} name=${name} kind=${kind} />`)}
    </section>
    <section aria-labelledby="over-time">
      <div class="row">
        <h2 id="over-time">Over time</h2>
        <div class="choice" role="group" aria-label="Time shown">
          ${Object.entries(SPANS).map(
            ([seconds, words]) =>
              html`<button type="button" aria-pressed=${span === Number(seconds)} onClick=${() => setSpan(Number(seconds))}>${words}</button>`,
          )}
        </div>
      </div>
      <div class="plots">
        ${plots.map(
          ([title, kind, lines, top]) =>
            html`<${Plot} key=${title} title=${title} kind=${kind} lines=${lines} top=${top} admin=${admin} span=${span} />`,
        )}
      </div>
    </section>
    <div class="halves">
      <${Health} admin=${admin} />
      <${Trouble} totals=${admin.overview.totals} />
    </div>`;
}

function Tile({ admin, label, name, kind }) {
  const value = admin.last(name);
  const { text, unit } = figure(value, kind);
  const state = kindOf(name, value);
  return html`<div class=${`tile ${state}`}>
    <div class="label">${label}</div>
    <div class="figure"><b>${text}</b>${unit && html`<span class="unit">${unit}</span>`}</div>
    ${state === "good" ? html`<${Sparkline} values=${admin.values[name] ?? []} />` : html`<${State} kind=${state} words=${HIGH[state]} />`}
  </div>`;
}

function Health({ admin }) {
  const { totals, now, node } = admin.overview;
  return html`<section class="card" aria-labelledby="health">
    <h2 id="health">Health</h2>
    <table class="plain">
      <thead class="unseen"><tr><th scope="col">Part</th><th scope="col">State</th></tr></thead>
      <tbody>
        ${partsOf(admin.overview).map(
          ([plugin, part, words]) =>
            html`<tr><th scope="row">${part} <span class="muted">${plugin}</span></th>
              <td><${State} kind=${words === "ok" ? "good" : "bad"} words=${words} /></td></tr>`,
        )}
        <tr><th scope="row">store queue</th><td class="number">${count(now.store_waiting)} waiting, ${count(now.store_in_flight)} in flight</td></tr>
        <tr><th scope="row">slow readers now</th><td class="number">${count(now.behind_sessions)}</td></tr>
        ${node.scope === "cluster" &&
        html`<tr><th scope="row">broadcast</th>
          <td class="number">${count(totals.broadcast_published)} out, ${count(totals.broadcast_received)} in, ${count(now.broadcast_queue)} queued</td></tr>`}
      </tbody>
    </table>
  </section>`;
}

function Trouble({ totals }) {
  const rows = [
    ["Entries stored", totals.stored, totals.stored_by_kind],
    ["Slow readers cut off", totals.slow_consumers],
    ["Gaps found", totals.gaps_found],
    ["Messages repaired from the log", totals.gap_messages_repaired],
    ["Positions lost (4010)", totals.positions_lost],
    ["Broadcast dropped", totals.broadcast_dropped],
    ["Broadcast refused", totals.broadcast_refused],
    ["Broadcast interruptions", totals.broadcast_interruptions],
    ["Event loop stalls", totals.loop_stalls],
    ["Failed hook calls", totals.hook_failures],
    ["Not let in", sum(totals.auth_failures), totals.auth_failures],
    ["Handshakes refused", sum(totals.handshakes_refused), totals.handshakes_refused],
    ["Messages refused", sum(totals.refused), totals.refused],
    ["Connections closed", sum(totals.closed), totals.closed],
  ];
  return html`<section class="card" aria-labelledby="since">
    <h2 id="since">Since the start</h2>
    <table class="plain">
      <thead class="unseen"><tr><th scope="col">What</th><th scope="col">How often</th></tr></thead>
      <tbody>
        ${rows.map(
          ([words, value, parts]) => html`<tr class=${value ? "" : "none"}>
            <th scope="row">${words} <span class="muted">${listed(parts)}</span></th>
            <td class="number">${count(value)}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  </section>`;
}

const sum = (parts) => Object.values(parts).reduce((all, one) => all + one, 0);
const listed = (parts) =>
  Object.entries(parts ?? {})
    .map(([name, value]) => `${name.replaceAll("_", " ")} ${count(value)}`)
    .join(", ");
