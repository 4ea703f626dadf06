/** Colours of tokens.css for what is drawn on a canvas, which knows no custom properties. */

/** @param {string} name "--plot-1" @param {Element} where */
export function colour(name, where) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  where.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** Call `redraw` whenever light turns to dark, or back. Gives what ends that. */
export function onColours(redraw) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", redraw);
  addEventListener("tornchat-theme", redraw);
  return () => {
    dark.removeEventListener("change", redraw);
    removeEventListener("tornchat-theme", redraw);
  };
}
