/** What the user has written and the server has not stored yet, or has refused: messages, and edits of messages. */

import { newId } from "../client/tornchat-client.js";

const STORED_MS = 2_000;

/**
 * @typedef {{code: string, words: string}} Refusal
 * @typedef {{id: string, text: string, time: Date, seq: number | null, extras: object, error: Refusal | null}} Pending
 *   `seq`: it was seen in the log, though it is not acknowledged yet.
 * @typedef {{id: string, text: string, revision: number, error: Refusal | null}} PendingEdit
 */

export class Outbox {
  /** @type {Pending[]} */ pending = [];
  /** Edits by the place of their message. @type {Map<number, PendingEdit>} */ edits = new Map();
  /** Messages and edits that were stored a moment ago. @type {Set<number>} */ stored = new Set();

  /** @param {() => import("../client/tornchat-client.js").TornchatClient | null} client @param {() => void} changed */
  constructor(client, changed) {
    this.client = client;
    this.changed = changed;
  }

  /** Messages that are not in the log. */
  get unsent() {
    return this.pending.filter((pending) => !pending.seq || pending.error);
  }

  /** @param {string} text @param {object} extras */
  send(text, extras) {
    const pending = { id: newId(), text, time: new Date(), seq: null, extras, error: null };
    this.pending.push(pending);
    this.#deliver(pending);
  }

  /** @param {Pending} pending */
  resend(pending) {
    if (pending.error?.code === "conflict") pending.id = newId();
    this.#deliver(pending);
  }

  /** @param {Pending} pending */
  discard(pending) {
    this.pending = this.pending.filter((other) => other !== pending);
    this.changed();
  }

  /** Give a message another text. @param {import("./entry.js").Entry} entry @param {string} text */
  edit(entry, text) {
    this.#deliverEdit(entry.seq, { id: newId(), text, revision: entry.revision, error: null });
  }

  /** @param {number} seq */
  editAgain(seq) {
    const edit = this.edits.get(seq);
    if (edit) this.#deliverEdit(seq, { ...edit, id: newId(), error: null });
  }

  /** @param {number} seq */
  discardEdit(seq) {
    this.edits.delete(seq);
    this.changed();
  }

  /** Send what a closed connection has left. */
  redeliver() {
    for (const pending of this.pending) if (pending.error?.code === "closed") this.#deliver(pending);
    for (const [seq, edit] of this.edits) if (edit.error?.code === "closed") this.#deliverEdit(seq, edit);
  }

  /** A message comes before its ack; it is not to be seen twice in between. @param {import("./entry.js").Entry} entry */
  match(entry) {
    const match = this.pending.find((pending) => !pending.seq && !pending.error && pending.text === entry.text);
    if (match) match.seq = entry.seq;
  }

  /** @param {Pending} pending */
  #deliver(pending) {
    pending.error = null;
    this.changed();
    this.client()?.send(pending.text, pending.id, pending.extras).then(
      ({ seq }) => {
        this.discard(pending);
        this.#tick(seq);
      },
      (error) => {
        pending.error = refusal(error);
        this.changed();
      },
    );
  }

  /** @param {number} seq @param {PendingEdit} edit */
  #deliverEdit(seq, edit) {
    edit.error = null;
    this.edits.set(seq, edit);
    this.changed();
    this.client()?.edit(seq, edit.text, edit.revision, edit.id).then(
      () => {
        if (this.edits.get(seq) === edit) this.edits.delete(seq);
        this.#tick(seq);
      },
      (error) => {
        if (this.edits.get(seq) === edit) this.edits.set(seq, { ...edit, revision: error.revision ?? edit.revision, error: refusal(error) });
        this.changed();
      },
    );
  }

  /** Show for a moment that it is stored. @param {number} seq */
  #tick(seq) {
    this.stored.add(seq);
    this.changed();
    setTimeout(() => {
      this.stored.delete(seq);
      this.changed();
    }, STORED_MS);
  }
}

/** @param {{code: string, message: string}} error @returns {Refusal} */
const refusal = ({ code, message }) => ({ code, words: message });
