/** Light, dark, or as the system has it; the same choice as on the chat's page. */

import { html, useState } from "./html.js";

const KEY = "tornchat.theme";
const CHOICES = { system: "System colours", light: "Light", dark: "Dark" };

function chosen() {
  try {
    const found = localStorage.getItem(KEY);
    return found in CHOICES ? found : "system";
  } catch {
    return "system";
  }
}

export function applyTheme(theme = chosen()) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  dispatchEvent(new Event("tornchat-theme")); // plots draw their colours themselves
}

export function ThemeChoice() {
  const [theme, setTheme] = useState(chosen());
  const onChange = (event) => {
    const next = event.target.value;
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // then it lasts as long as the page
    }
    setTheme(next);
    applyTheme(next);
  };
  return html`<label class="theme"><span class="unseen">Colours</span>
    <select value=${theme} onChange=${onChange}>
      ${Object.entries(CHOICES).map(([value, words]) => html`<option value=${value}>${words}</option>`)}
    </select>
  </label>`;
}
