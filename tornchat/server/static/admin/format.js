/** Figures with their units, aligned and short. Nothing is "–". */

const NOTHING = { text: "–", unit: "" };
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** @param {number} value */
function digits(value) {
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return whole.format(value);
  return value.toFixed(size >= 10 ? 1 : size >= 0.01 || size === 0 ? 2 : 3);
}

/** A whole number in full: 12,345. */
export const count = (value) => (value == null ? "–" : whole.format(value));

/** The figure of a tile or a legend, and its unit apart. @param {number | null | undefined} value @param {string} kind */
export function figure(value, kind) {
  if (value == null) return NOTHING;
  if (kind === "seconds") return seconds(value);
  if (kind === "bytes") return bytes(value, "");
  if (kind === "bytes/s") return bytes(value, "/s");
  if (kind === "share") return { text: digits(value * 100), unit: "%" };
  return { text: short(value), unit: kind };
}

/** The same in one piece. */
export function said(value, kind) {
  const { text, unit } = figure(value, kind);
  return unit ? `${text}\u202f${unit}` : text;
}

/** On an axis: without the zeros that a figure has so that it does not jump. */
export const onAxis = (value, kind) => said(value, kind).replace(/\.(\d*?)0+(?=\D|$)/, (all, kept) => (kept ? `.${kept}` : ""));

function seconds(value) {
  if (value >= 1) return { text: digits(value), unit: "s" };
  if (value >= 0.001 || value === 0) return { text: digits(value * 1000), unit: "ms" };
  return { text: digits(value * 1e6), unit: "µs" };
}

function bytes(value, per) {
  let rest = value;
  let step = 0;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  while (Math.abs(rest) >= 1024 && step < units.length - 1) [rest, step] = [rest / 1024, step + 1];
  return { text: step ? digits(rest) : whole.format(rest), unit: units[step] + per };
}

function short(value) {
  if (Math.abs(value) >= 1e6) return `${digits(value / 1e6)}\u202fM`;
  if (Math.abs(value) >= 1e5) return `${digits(value / 1e3)}\u202fk`;
  return digits(value);
}

/** 4 s, 12 min, 3 h 20 min, 5 d 2 h. */
export function lasting(total) {
  const all = Math.max(0, Math.floor(total));
  if (all < 60) return `${all} s`;
  const minutes = Math.floor(all / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
