/** Where the messages are scrolled to: at the newest while one reads there, and still when older ones are put in above. */

import { useEffect, useLayoutEffect, useRef, useState } from "./html.js";

const NEAR_PX = 48;
const LOAD_OLDER_PX = 400;

/** @param {import("./room.js").Room} room */
export function useScroll(room) {
  const box = useRef(null);
  const at = useRef({ bottom: true, unsent: 0, first: undefined, end: 0 });
  const [bottom, setBottom] = useState(true);

  const toEnd = () => {
    if (!box.current) return; // it has left the page, and one last event was under way
    at.current.bottom = true;
    box.current.scrollTop = box.current.scrollHeight;
  };
  const look = () => {
    if (!box.current) return;
    const { scrollHeight, scrollTop, clientHeight } = box.current;
    at.current.bottom = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    setBottom(at.current.bottom);
    room.setReading(at.current.bottom && !document.hidden && document.hasFocus());
    if (scrollTop < LOAD_OLDER_PX && room.older === "more" && room.entries.length) void room.loadOlder();
  };

  useLayoutEffect(() => {
    const { current } = at;
    const { entries, unsent } = room;
    if (unsent.length > current.unsent) current.bottom = true;
    const anchor = current.first ? row(box.current, current.first) : null;
    if (current.bottom) toEnd();
    else if (anchor) box.current.scrollTop += end(anchor) - current.end;
    const first = entries[0]?.seq;
    at.current = { ...current, unsent: unsent.length, first, end: end(row(box.current, first)) };
    look();
  });

  useStaying(room, box, () => at.current.bottom && toEnd(), look);
  return { box, bottom, toEnd, look };
}

/** Where a message ends. Not where it begins: its sender's name goes when an earlier one of theirs is put above it. */
function end(/** @type {HTMLElement | null} */ row) {
  return row ? row.offsetTop + row.offsetHeight : 0;
}

/** At the end while the box is resized; looked at again when the window is left and entered. */
function useStaying(room, box, stay, look) {
  useEffect(() => {
    const sizes = new ResizeObserver(stay);
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
