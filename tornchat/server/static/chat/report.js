/** Telling the moderators of a message, and, for them, what was told. */

import { html, useEffect, useRef, useState } from "./html.js";
import { Dialog } from "./overlay.js";
import { words } from "./strings.js";

const MOST_REASON = 500;

/** @param {{feed: import("./feed.js").Feed, entry: import("./entry.js").Entry | null, onClose: () => void}} props */
export function Report({ feed, entry, onClose }) {
  return html`<${Dialog} open=${entry !== null} onClose=${onClose} label=${words.reportAsk} class="card">
    ${entry && html`<${Form} feed=${feed} entry=${entry} onClose=${onClose} />`}
  <//>`;
}

function Form({ feed, entry, onClose }) {
  const reason = useRef(null);
  const [fault, setFault] = useState("");
  const onSubmit = async (event) => {
    event.preventDefault();
    const text = reason.current.value.trim();
    setFault(text ? "" : words.reportEmpty);
    if (!text) return reason.current.focus();
    const { api } = feed.chat;
    if (await feed.chat.attempt(() => api.report(feed.room.name, entry.seq, text), words.reported)) onClose();
  };
  return html`<h2>${words.reportAsk}</h2>
    <blockquote class="cited"><bdi>${entry.sender}</bdi>: <bdi>${entry.text.slice(0, 200)}</bdi></blockquote>
    <form onSubmit=${onSubmit} novalidate>
      <label for="reason">${words.reportWhy}</label>
      <textarea id="reason" ref=${reason} rows="3" maxlength=${MOST_REASON} autofocus aria-invalid=${fault ? "true" : undefined}
        aria-describedby="reason-hint"></textarea>
      <p class=${fault ? "fault" : "hint"} id="reason-hint" role=${fault ? "alert" : undefined}>${fault || words.reportHint}</p>
      <div class="row end">
        <button type="button" class="plain" onClick=${onClose}>${words.cancel}</button>
        <button class="danger">${words.reportDo}</button>
      </div>
    </form>`;
}

/** The open reports of a room, for its moderators. @param {{room: import("./room.js").Room, reach: (seq: number) => void}} props */
export function Reports({ room, reach }) {
  const [reports, setReports] = useState([]);
  const { chat } = room;
  const load = () => chat.api.reports(room.name).then(({ reports: found }) => setReports(found), () => setReports([]));
  useEffect(() => void load(), [room]);
  const close = async ({ id }, state) => {
    await chat.attempt(() => chat.api.closeReport(room.name, id, state), words.reportClosed);
    await load();
  };
  if (!reports.length) return null;
  return html`<h3>${words.reports}</h3>
    <ul class="reports">
      ${reports.map((report) => html`<li key=${report.id}>
        <button type="button" class="link cited" onClick=${() => reach(report.seq)}>
          <bdi>${report.sender_username}</bdi>: <bdi>${report.message.slice(0, 100) || words.deletedMessage}</bdi></button>
        <p><bdi>${room.nameOf(report.reporter)}</bdi>: <bdi>${report.reason}</bdi></p>
        <div class="row">
          <button type="button" class="plain" onClick=${() => close(report, "resolved")}>${words.resolve}</button>
          <button type="button" class="plain" onClick=${() => close(report, "dismissed")}>${words.dismissReport}</button>
        </div>
      </li>`)}
    </ul>`;
}
