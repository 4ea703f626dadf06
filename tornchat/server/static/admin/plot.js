/** A plot over time, drawn by uPlot; its legend is text, with the newest values or those under the pointer. */

import { colour, onColours } from "./colours.js";
import { onAxis, said } from "./format.js";
import { html, useEffect, useRef, useState } from "./html.js";

const HEIGHT = 168;
const HUES = ["--plot-1", "--plot-3", "--plot-2", "--plot-4"];
const BYTE_STEPS = Array.from({ length: 40 }, (_, power) => 2 ** power);
const FEW = 0.0000001;

/**
 * @param {{title: string, kind: string, lines: [string, string][], admin: import("./admin.js").Admin, span: number, top?: number}} props
 *   `lines` are [series, words]; `span` is how many seconds are shown, `top` how high the axis goes at least.
 */
export function Plot({ title, kind, lines, admin, span, top = 0 }) {
  const place = useRef(null);
  const chart = useRef(null);
  const [at, setAt] = useState(null);
  const from = admin.times.findIndex((time) => time >= (admin.times.at(-1) ?? 0) - span);
  const times = admin.times.slice(Math.max(from, 0));
  const data = [times, ...lines.map(([name]) => (admin.values[name] ?? []).slice(-times.length))];
  const newest = useRef(data);
  newest.current = data;

  useEffect(() => {
    const node = place.current; // it is not there any more when what was begun here ends
    const make = () => {
      chart.current?.destroy();
      chart.current = new window.uPlot(options(node, { kind, lines, span, top, setAt }), newest.current, node);
    };
    make();
    const sizes = new ResizeObserver(() => chart.current?.setSize({ width: node.clientWidth, height: HEIGHT }));
    sizes.observe(node);
    const end = onColours(make);
    return () => {
      end();
      sizes.disconnect();
      chart.current?.destroy();
      chart.current = null;
    };
  }, [span]);
  useEffect(() => chart.current?.setData(data), [times.at(-1), times.length, span]);

  const values = lines.map((_, index) => data[index + 1][at ?? times.length - 1]);
  const summary = lines.map(([, words], index) => `${words} ${said(values[index], kind)}`).join(", ");
  return html`<figure class="plot">
    <figcaption>
      <h3>${title}</h3>
      <span class="legend">
        ${lines.map(([, words], index) => html`<span><i class=${`hue hue-${index}`}></i>${words} <b>${said(values[index], kind)}</b></span>`)}
      </span>
    </figcaption>
    <div ref=${place} class="canvas" role="img" aria-label=${`${title}: ${summary}`}></div>
  </figure>`;
}

function options(place, { kind, lines, span, top, setAt }) {
  const axis = {
    stroke: colour("--text-muted", place),
    font: `11px ${getComputedStyle(place).fontFamily}`,
    grid: { stroke: colour("--plot-grid", place), width: 1 },
    ticks: { show: false },
  };
  return {
    width: place.clientWidth,
    height: HEIGHT,
    padding: [8, 6, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: "admin" }, drag: { x: false, y: false }, points: { size: 6 }, y: false },
    hooks: { setCursor: [(chart) => setAt(chart.cursor.idx ?? null)] },
    scales: {
      x: { range: (chart, low, high) => [high - span, high] },
      y: { range: (chart, low, high) => [0, Math.max(high || 0, top, FEW) * 1.1] },
    },
    axes: [
      { ...axis, size: 30, gap: 8, space: 64, values: "{HH}:{mm}:{ss}", incrs: [10, 30, 60, 120, 300] },
      {
        ...axis,
        size: 64,
        space: 36,
        values: (chart, splits) => splits.map((value) => onAxis(value, kind)),
        ...(kind.startsWith("bytes") ? { incrs: BYTE_STEPS } : {}),
      },
    ],
    series: [
      {},
      ...lines.map((line, index) => ({
        stroke: colour(HUES[index], place),
        width: 1.5,
        dash: index === 1 ? [4, 3] : undefined,
        points: { show: true, size: 4, filter: alone },
      })),
    ],
  };
}

/** The points that no line leads to. */
function alone(chart, index) {
  const values = chart.data[index];
  return values.flatMap((value, i) => (value != null && values[i - 1] == null && values[i + 1] == null ? [i] : []));
}
