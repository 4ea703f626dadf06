/** What lies over the page: drawers on small screens, dialogs, toasts. `<dialog>` keeps the focus inside, and Esc closes it. */

import { html, useEffect, useRef } from "./html.js";
import { IconButton } from "./icons.js";
import { words } from "./strings.js";

/**
 * `onClosed` is called once the focus is back where it was before.
 * @param {{open: boolean, onClose: () => void, onClosed?: () => void, label: string, class: string, children: any}} props
 */
export function Dialog({ open, onClose, onClosed = () => {}, label, class: kind, children }) {
  const dialog = useRef(null);
  useEffect(() => {
    if (open && !dialog.current.open) dialog.current.showModal();
    if (!open && dialog.current.open) {
      dialog.current.close();
      onClosed();
    }
  }, [open]);
  const onClick = (event) => event.target === dialog.current && onClose();
  return html`<dialog ref=${dialog} class=${kind} aria-label=${label} onClose=${onClose} onClick=${onClick}>
    ${open && children}
  </dialog>`;
}

/** Ask before what can't be undone. `asked` is null, or {title, words, action, act}. */
export function Confirm({ asked, onClose }) {
  const act = () => {
    onClose();
    asked.act();
  };
  return html`<${Dialog} open=${asked !== null} onClose=${onClose} label=${asked?.title ?? ""} class="card">
    ${asked && html`<h2>${asked.title}</h2>
      <p><bdi>${asked.words}</bdi></p>
      <div class="row end">
        <button type="button" class="plain" onClick=${onClose}>${words.cancel}</button>
        <button type="button" class="danger" onClick=${act}>${asked.action}</button>
      </div>`}
  <//>`;
}

/** @param {{chat: import("./chat.js").Chat}} props */
export function Toasts({ chat }) {
  return html`<div class="toasts" role="status" aria-label=${words.notices}>
    ${chat.toasts.map(
      (toast) => html`<div class=${`toast ${toast.kind}`} key=${toast.id}>
        <span><bdi>${toast.words}</bdi></span>
        <${IconButton} icon="close" label=${words.dismiss} onClick=${() => chat.dismiss(toast.id)} />
      </div>`,
    )}
  </div>`;
}
