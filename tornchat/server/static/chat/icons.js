/** The page's icons: outlines of 24 by 24, drawn in the colour of the text around them. */

import { html } from "./html.js";

const PATHS = {
  menu: "M4 6h16M4 12h16M4 18h16",
  close: "M6 6l12 12M18 6L6 18",
  hash: "M5 9h15M4 15h15M10 4L8 20M16 4l-2 16",
  lock: "M6 11h12v9H6zM9 11V8a3 3 0 016 0v3",
  plus: "M12 5v14M5 12h14",
  people: "M9 11a3.5 3.5 0 100-7 3.5 3.5 0 000 7zM2.5 20c.5-4 3-6 6.500-6s6 2 6.500 6M16 4.300a3.500 3.500 0 010 6.400M18 14.500c2 .7 3.200 2.700 3.500 5.500",
  search: "M11 18a7 7 0 100-14 7 7 0 000 14zM20.500 20.500L16 16",
  send: "M4 12l16-8-5 16-3.500-6.500L4 12zM11.500 13.500L20 4",
  down: "M12 5v14M6 13l6 6 6-6",
  up: "M12 19V5M6 11l6-6 6 6",
  keyboard: "M3 7h18v11H3zM7 11h.01M11 11h.01M15 11h.01M8 14.500h8",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  reply: "M10 6l-6 6 6 6M4 12h9a7 7 0 017 7",
  info: "M12 21a9 9 0 100-18 9 9 0 000 18zM12 11v5.500M12 7.500v.01",
  star: "M12 4l2.500 5.200 5.700.700-4.200 4 1.100 5.600L12 16.700l-5.100 2.800L8 13.900l-4.200-4 5.700-.700z",
  at: "M12 16a4 4 0 100-8 4 4 0 000 8zM16 8v5.500a2.500 2.500 0 005 0V12a9 9 0 10-4 7.500",
  mail: "M4 6h16v12H4zM4 7l8 6 8-6",
  smile: "M12 21a9 9 0 100-18 9 9 0 000 18zM8.500 14.500a4.500 4.500 0 007 0M9 9.500v.01M15 9.500v.01",
  pencil: "M4 20l1-4L16.500 4.500l3 3L8 19zM14 7l3 3",
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  link: "M10 14a4 4 0 005.700 0l3.300-3.300a4 4 0 00-5.700-5.700L12 6.300M14 10a4 4 0 00-5.700 0L5 13.300A4 4 0 0010.700 19l1.300-1.300",
  thread: "M4 5h16v11h-8l-4 3.500V16H4zM8 9h8M8 12.500h5",
  flag: "M6 21V4M6 4h12l-2.500 4L18 12H6",
  alert: "M12 5v9M12 18.500v.01",
  pending: "M12 3h.01M18.400 5.600h.01M21 12h.01M18.400 18.400h.01M12 21h.01M5.600 18.400h.01M3 12h.01M5.600 5.600h.01",
  clock: "M12 21a9 9 0 100-18 9 9 0 000 18zM12 7v5.500l3.500 2",
  more: "M4.600 12h.8M11.600 12h.8M18.600 12h.8",
  warning: "M12 4l9 16H3L12 4zM12 10v5M12 17.500v.01",
  leave: "M14 4H5v16h9M10 12h11M17 8l4 4-4 4",
  block: "M12 21a9 9 0 100-18 9 9 0 000 18zM5.700 5.700l12.600 12.600",
  sun: "M12 16a4 4 0 100-8 4 4 0 000 8zM12 2v2.500M12 19.500V22M2 12h2.500M19.500 12H22M5 5l1.700 1.700M17.300 17.300L19 19M19 5l-1.700 1.700M6.700 17.300L5 19",
  moon: "M20 14.500A8.500 8.500 0 119.500 4a7 7 0 0010.500 10.500z",
  system: "M3 5h18v11H3zM9 20h6M12 16v4",
  check: "M5 12.500l4.500 4.500L19 7.500",
  gauge: "M4 17a8 8 0 1116 0M12 17l3.500-5",
  bubbles: "M4 5h12v9H9l-4 3.500V14H4zM19 9h1.500v9H19v3l-3.500-3H10v-1.500",
};

/** @param {{name: keyof typeof PATHS, size?: number}} props */
export function Icon({ name, size = 18 }) {
  return html`<svg class="icon" width=${size} height=${size} viewBox="0 0 24 24" aria-hidden="true">
    <path d=${PATHS[name]} />
  </svg>`;
}

/** A button that is only an icon: its name is what a screen reader says and a pointer that rests on it shows. */
export function IconButton({ icon, label, class: more = "", ...rest }) {
  return html`<button type="button" class=${`icon-button ${more}`} aria-label=${label} title=${label} ...${rest}>
    <${Icon} name=${icon} />
  </button>`;
}
