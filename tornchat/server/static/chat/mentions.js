/** Whom a text mentions: `@` and a name. */

const MOST = 50; // the server takes no more
const AFTER = /[\p{L}\p{N}_]/u;
export const EVERYBODY = "room";

/** @param {string} text @param {string} name */
function has(text, name) {
  for (let at = text.indexOf(`@${name}`); at >= 0; at = text.indexOf(`@${name}`, at + 1)) {
    const ends = !AFTER.test(text[at + 1 + name.length] ?? " ");
    if (ends && !AFTER.test(text[at - 1] ?? " ")) return true;
  }
  return false;
}

/**
 * @param {string} text @param {Iterable<[string, string]>} people ids and names
 * @returns {{users: string[], room: boolean} | undefined}
 */
export function mentionsIn(text, people) {
  if (!text.includes("@")) return undefined;
  const users = [...people].filter(([, name]) => name && has(text, name)).map(([id]) => id).slice(0, MOST);
  const room = has(text, EVERYBODY);
  return users.length || room ? { users, room } : undefined;
}
