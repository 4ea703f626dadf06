/** What the figures mean: fine, worth a look, or bad. The limits stand in one place. */

/** Figure -> from where on it is worth a look, and bad. Seconds and bytes. */
export const LIMITS = {
  commit_p99: [0.25, 1],
  delivery_p99: [0.25, 1],
  lag_p99: [0.05, 0.2],
  store_queue: [2000, 10_000],
  behind_bytes: [4 << 20, 64 << 20],
  cpu: [0.8, 0.95],
};

/** @returns {"good" | "warn" | "bad"} */
export function kindOf(name, value) {
  const [look, bad] = LIMITS[name] ?? [Infinity, Infinity];
  return value >= bad ? "bad" : value >= look ? "warn" : "good";
}

/** [plugin, part, words] of all that plugins say of themselves. */
export const partsOf = (overview) =>
  Object.entries(overview.health).flatMap(([plugin, parts]) => Object.entries(parts).map(([part, words]) => [plugin, part, words]));

/** The state of the whole node. */
export function healthOf(admin) {
  if (admin.error) return { kind: "bad", words: "no answer" };
  const ill = partsOf(admin.overview).filter(([, , words]) => words !== "ok");
  if (ill.length) return { kind: "bad", words: `${ill[0][0]} ${ill[0][1]}: not ok` };
  const high = Object.keys(LIMITS).map((name) => kindOf(name, admin.last(name)));
  if (high.includes("bad")) return { kind: "bad", words: "overloaded" };
  if (high.includes("warn")) return { kind: "warn", words: "under load" };
  return { kind: "good", words: "healthy" };
}
