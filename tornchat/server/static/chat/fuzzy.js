/** Finding names by some of their letters, in order: "gdn" finds "garden". */

const BEGINNING = 8;
const AFTER_BREAK = 5;
const IN_A_ROW = 3;

/** How well letters fit a name: 0 if they are not in it, else the higher, the better. @param {string} letters @param {string} name */
export function fit(letters, name) {
  const sought = letters.toLowerCase();
  const text = name.toLowerCase();
  let score = 1;
  let last = -1;
  for (const letter of sought) {
    if (letter === " ") continue;
    const at = text.indexOf(letter, last + 1);
    if (at < 0) return 0;
    if (at === 0) score += BEGINNING;
    else if (/[\s_.-]/.test(text[at - 1])) score += AFTER_BREAK;
    if (at === last + 1) score += IN_A_ROW;
    last = at;
  }
  return score + 1 / (1 + text.length);
}

/** The best first; in the order given where they fit as well. @template T @param {string} letters @param {T[]} all @param {(one: T) => string} nameOf */
export function best(letters, all, nameOf) {
  if (!letters.trim()) return all;
  const scored = all.map((one) => ({ one, score: fit(letters, nameOf(one)) })).filter(({ score }) => score > 0);
  return scored.sort((a, b) => b.score - a.score).map(({ one }) => one);
}
