/** Where the messages are scrolled to: at the newest while one reads there, and still when older ones are put in above. */

import { useEffect, useLayoutEffect, useRef, useState } from "./html.js";

const NEAR_PX = 48;
const LOAD_OLDER_PX = 400;

/**
 * The place is the box's own and is read from it whenever it matters, a redraw included: the event that tells of a move
 * comes a frame after the move, and who went by the last event would undo the move.
 * @param {import("./room.js").Room} room
 */
export function useScroll(room) {
  const box = useRef(null);
  const lowest = useRef(0);
  const unsent = useRef(0);
  const [bottom, setBottom] = useState(true);

  // A box that was made smaller, or its text longer, has moved its end away from who reads there.
  const atEnd = () => Math.min(lowestOf(box.current), lowest.current) - box.current.scrollTop < NEAR_PX;
  const toEnd = () => {
    box.current.scrollTop = box.current.scrollHeight;
  };
  const look = () => {
    if (!box.current) return; // it has left the page, and one last event was under way
    setBottom(atEnd());
    room.look();
    if (box.current.scrollTop < LOAD_OLDER_PX && room.older === "more" && room.entries.length) void room.loadOlder();
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
    if (!stays || saysMore) toEnd();
    else if (stays.row?.isConnected) box.current.scrollTop += below(box.current, stays.row) - stays.below;
    lowest.current = lowestOf(box.current);
    look();
  });
  useStaying(room, box, resized, look);
  return { box, bottom, toEnd, look };
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
