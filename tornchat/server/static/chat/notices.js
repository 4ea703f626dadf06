/** What is told in passing, and whatever else is drawn again when it changes. */

import { words } from "./strings.js";

const TOAST_MS = 8_000;
const MOST_TOASTS = 3;

/** @typedef {{id: number, words: string, kind: "info" | "danger"}} Toast */

/** Says "change" when it should be drawn again. */
export class Notices extends EventTarget {
  /** @type {Toast[]} */ toasts = [];
  #toastId = 0;

  /** @param {string} told @param {Toast["kind"]} [kind] */
  toast(told, kind = "info") {
    const toast = { id: (this.#toastId += 1), words: told, kind };
    this.toasts = [...this.toasts.filter((other) => other.words !== told), toast].slice(-MOST_TOASTS);
    setTimeout(() => this.dismiss(toast.id), TOAST_MS);
    this.changed();
  }

  /** @param {number} id */
  dismiss(id) {
    this.toasts = this.toasts.filter((toast) => toast.id !== id);
    this.changed();
  }

  /** Do something that the server may refuse, and say so. @param {() => Promise<unknown>} act @param {string} [done] */
  async attempt(act, done = "") {
    try {
      await act();
      if (done) this.toast(done);
      return true;
    } catch (error) {
      this.toast(error.status === 501 ? words.notOffered : error.message, "danger");
      return false;
    }
  }

  changed() {
    this.dispatchEvent(new Event("change"));
  }
}
