/** The last two minutes of a figure as a small line. It repeats what a plot says, so screen readers pass it over. */

import { html } from "./html.js";

const WIDTH = 96;
const HEIGHT = 28;
const POINTS = 60;

/** @param {{values: (number | null)[]}} props */
export function Sparkline({ values }) {
  const shown = values.slice(-POINTS).map((value) => value ?? 0);
  const most = Math.max(...shown, Number.MIN_VALUE);
  const step = WIDTH / (POINTS - 1);
  const first = POINTS - shown.length;
  const points = shown.map((value, i) => `${((first + i) * step).toFixed(1)},${(HEIGHT - 2 - (value / most) * (HEIGHT - 4)).toFixed(1)}`);
  const area = `${(first * step).toFixed(1)},${HEIGHT} ${points.join(" ")} ${WIDTH},${HEIGHT}`;
  return html`<svg class="spark" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
    ${shown.length > 1 && html`<polygon points=${area} /><polyline points=${points.join(" ")} />`}
  </svg>`;
}
