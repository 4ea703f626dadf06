/** The way in: an admin's token, pasted. It stays in this tab. */

import { html, useEffect, useRef, useState } from "./html.js";

export function SignIn({ admin }) {
  const [token, setToken] = useState("");
  const [fault, setFault] = useState("");
  const [busy, setBusy] = useState(false);
  const field = useRef(null);
  useEffect(() => field.current.focus(), []);
  const onSubmit = async (event) => {
    event.preventDefault();
    const given = token.trim().replace(/^Bearer\s+/i, "");
    if (!given) return setFault("Paste a token first.");
    setBusy(true);
    try {
      await admin.signIn(given);
    } catch (error) {
      setFault(error.status === 401 ? "This token is not accepted. It may have ended, or be cut off." : error.message);
      setBusy(false);
      field.current.focus();
    }
  };
  const words = fault || admin.notice;
  return html`<main class="door">
    <form class="card" onSubmit=${onSubmit}>
      <h1>tornchat admin</h1>
      <label for="token">An admin's token</label>
      <textarea id="token" rows="4" autocomplete="off" autocapitalize="off" spellcheck="false" ref=${field} value=${token}
        aria-invalid=${fault ? "true" : undefined} aria-describedby="fault" onInput=${(event) => setToken(event.target.value)}
        onKeyDown=${(event) => event.key === "Enter" && (event.preventDefault(), event.target.form.requestSubmit())}></textarea>
      <p id="fault" class="fault" role="alert">${words}</p>
      <button type="submit" class="main" disabled=${busy}>${busy ? "Signing in…" : "Sign in"}</button>
      <p class="hint">On the server, <code>tornchat token NAME --role admin</code> prints one. It is kept in this tab only, and never
        stands in a URL.</p>
    </form>
  </main>`;
}
