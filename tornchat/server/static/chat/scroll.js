/** Where the messages are scrolled to: at the newest while one reads there, and still when older ones are put in above. */

import { useEffect, useLayoutEffect, useRef, useState } from "./html.js";

const NEAR_PX = 48;
const LOAD_PX = 400;
const ABOVE_PX = 112; // for what stands over the first unread message: the bar, the day and the rule

/**
 * The box is in one of three states, and each redraw keeps it:
 * - pinned: at the newest message, and each redraw goes to the end;
 * - anchored: the first message in sight stays where it is, whatever is put above or below it;
 * - jumping: another part of the log is shown, and the message that was asked for is brought into sight.
 *
 * The place is the box's own and is read from it whenever it matters, a redraw included: the event that tells of a move
 * comes a frame after the move, and who went by the last event would undo the move.
 * @param {import("./room.js").Room} room
 */
export function useScroll(room) {
  const box = useRef(null);
  const lowest = useRef(0);
  const unsent = useRef(0);
  const pin = useRef(true);
  const [bottom, setBottom] = useState(true);

  // A box that was made smaller, or its text longer, has moved its end away from who reads there.
  const atEnd = () => room.log.newer === "all" && Math.min(lowestOf(box.current), lowest.current) - box.current.scrollTop < NEAR_PX;
  const toEnd = () => {
    box.current.scrollTop = box.current.scrollHeight;
  };
  const toNewest = () => {
    pin.current = true;
    if (room.log.newer === "all") toEnd();
    else room.log.toNewest();
  };
  const look = () => {
    if (!box.current) return; // it has left the page, and one last event was under way
    setBottom(atEnd());
    room.look();
    const { log } = room;
    if (box.current.scrollTop < LOAD_PX && log.older === "more" && log.entries.length) void log.loadOlder();
    else if (lowestOf(box.current) - box.current.scrollTop < LOAD_PX && log.newer === "more") void log.loadNewer();
  };
  const resized = () => {
    if (!box.current) return;
    if (atEnd()) toEnd();
    lowest.current = lowestOf(box.current);
  };

  useLayoutEffect(() => {
    room.watched = () => !document.hidden && document.hasFocus() && atEnd();
    return () => {
      room.watched = () => false;
    };
  }, [room]);

  const stays = box.current && !atEnd() ? place(box.current) : null;
  useLayoutEffect(() => {
    const saysMore = room.unsent.length > unsent.current;
    unsent.current = room.unsent.length;
    const sought = room.target && row(box.current, room.target.seq);
    if (sought) {
      sought.scrollIntoView({ block: room.target.block });
      if (room.target.block === "start") box.current.scrollTop -= ABOVE_PX;
      room.target = null;
    } else if (!stays || saysMore || pin.current) toEnd();
    else if (stays.row?.isConnected) box.current.scrollTop += below(box.current, stays.row) - stays.below;
    pin.current = false;
    lowest.current = lowestOf(box.current);
    look();
  });
  useLayoutEffect(() => {
    const at = room.place && row(box.current, room.place.seq);
    if (at) box.current.scrollTop += below(box.current, at) - room.place.below;
    return () => {
      const found = !box.current || atEnd() ? null : place(box.current);
      room.place = found?.row ? { seq: Number(found.row.dataset.seq), below: found.below } : null;
    };
  }, [room]);
  useStaying(room, box, resized, look);
  return { box, bottom, toNewest, look };
}

/** How far a box can be scrolled. @param {HTMLElement} box */
const lowestOf = (box) => box.scrollHeight - box.clientHeight;

/**
 * The first message in sight, and where it ends. Not where it begins: its sender's name goes when an earlier one of
 * theirs is put above it.
 * @param {HTMLElement} box
 */
function place(box) {
  const rows = box.querySelectorAll("[data-seq]");
  let [first, end] = [0, rows.length];
  while (first < end) {
    const middle = (first + end) >> 1;
    if (below(box, rows[middle]) > 0) end = middle;
    else first = middle + 1;
  }
  const row = rows[first];
  return { row, below: row && below(box, row) };
}

/** How far below the box's upper edge a message ends. @param {HTMLElement} box @param {Element} row */
function below(box, row) {
  return row.getBoundingClientRect().bottom - box.getBoundingClientRect().top;
}

/** At the end while the box is resized; looked at again when the window is left and entered. */
function useStaying(room, box, resized, look) {
  useEffect(() => {
    const sizes = new ResizeObserver(resized);
    sizes.observe(box.current);
    for (const type of ["focus", "blur"]) addEventListener(type, look);
    document.addEventListener("visibilitychange", look);
    return () => {
      sizes.disconnect();
      for (const type of ["focus", "blur"]) removeEventListener(type, look);
      document.removeEventListener("visibilitychange", look);
    };
  }, [room]);
}

/** @param {HTMLElement} box @param {number | undefined} seq @returns {HTMLElement | null} */
export function row(box, seq) {
  return box.querySelector(`[data-seq="${Number(seq)}"]`);
}
