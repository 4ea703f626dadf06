/** What every part of the page draws with. Texts in `html` templates are escaped by preact; nothing here writes markup. */

import { Component, h, render } from "../vendor/preact-11.2.0/preact.mjs";
import { useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from "../vendor/preact-11.2.0/hooks.mjs";
import htm from "../vendor/htm-3.1.1/htm.mjs";

export const html = htm.bind(h);
export { Component, render };
export { useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState };

/**
 * Draw again whenever `store` says that it has changed. It is listened to from the first drawing on: an effect waits for a
 * frame, and what the store says before that one would never be drawn.
 * @param {EventTarget} store @param {string} [type] what it says then
 */
export function useStore(store, type = "change") {
  const [, redraw] = useReducer((count) => count + 1, 0);
  useLayoutEffect(() => {
    store.addEventListener(type, redraw);
    return () => store.removeEventListener(type, redraw);
  }, [store, type]);
  return store;
}

/** Whether a media query holds. @param {string} query */
export function useMedia(query) {
  const list = useMemo(() => matchMedia(query), [query]);
  const [holds, setHolds] = useState(list.matches);
  useEffect(() => {
    const onChange = () => setHolds(list.matches);
    onChange();
    list.addEventListener("change", onChange);
    return () => list.removeEventListener("change", onChange);
  }, [list]);
  return holds;
}
