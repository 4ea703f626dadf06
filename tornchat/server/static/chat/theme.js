/** Light, dark, or as the system has it. */

import { html, useState } from "./html.js";
import { IconButton } from "./icons.js";
import { browser } from "./kept.js";
import { words } from "./strings.js";

const KEY = "tornchat.theme";
const NEXT = { system: "light", light: "dark", dark: "system" };
const ICONS = { system: "system", light: "sun", dark: "moon" };

const chosen = () => (browser.get(KEY) in NEXT ? browser.get(KEY) : "system");

/** Show the page as was chosen last. @param {string} [theme] */
export function applyTheme(theme = chosen()) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export function ThemeButton() {
  const [theme, setTheme] = useState(chosen());
  const onClick = () => {
    const next = NEXT[theme];
    browser.set(KEY, next);
    applyTheme(next);
    setTheme(next);
  };
  return html`<${IconButton} icon=${ICONS[theme]} label=${words.colours[theme]} onClick=${onClick} />`;
}
