/** What every part of the page draws with. Texts in `html` templates are escaped by preact. */

import { h, render } from "../vendor/preact-11.2.0/preact.mjs";
import { useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from "../vendor/preact-11.2.0/hooks.mjs";
import htm from "../vendor/htm-3.1.1/htm.mjs";

export const html = htm.bind(h);
export { render, useEffect, useMemo, useRef, useState };

/**
 * Draw again whenever `store` says "change". It is listened to from the first drawing on: an effect waits for a frame,
 * and what the store says before that one would never be drawn.
 * @param {EventTarget} store
 */
export function useStore(store) {
  const [, redraw] = useReducer((count) => count + 1, 0);
  useLayoutEffect(() => {
    store.addEventListener("change", redraw);
    return () => store.removeEventListener("change", redraw);
  }, [store]);
}

/**
 * What `read` gives, again every `seconds`, and at once when `key` changes.
 * @returns {{data: any, error: Error | null, reload: () => void}}
 */
export function usePolled(read, seconds, key) {
  const [state, setState] = useState({ data: null, error: null });
  const [asked, ask] = useReducer((count) => count + 1, 0);
  useEffect(() => {
    let gone = false;
    let timer = 0;
    const run = async () => {
      try {
        const data = await read();
        if (!gone) setState({ data, error: null });
      } catch (error) {
        if (!gone) setState((before) => ({ data: before.data, error }));
      }
      if (!gone) timer = setTimeout(run, seconds * 1000);
    };
    run();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [key, asked]);
  return { ...state, reload: ask };
}
