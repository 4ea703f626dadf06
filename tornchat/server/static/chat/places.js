/** Addresses of rooms and messages: `#garden` and `#garden/42`. What stands after the # is not sent to the server. */

/** @param {string} room @param {number} [seq] */
export const hashOf = (room, seq) => `#${encodeURIComponent(room)}${seq ? `/${seq}` : ""}`;

/** @param {string} hash @returns {{room: string, seq: number | null} | null} */
export function placeOf(hash) {
  const [, room, seq] = /^#([^/]+)(?:\/(\d{1,15}))?$/.exec(hash) ?? [];
  try {
    return room ? { room: decodeURIComponent(room), seq: seq ? Number(seq) : null } : null;
  } catch {
    return null;
  }
}
