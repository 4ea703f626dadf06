/** A text with Markdown as elements. Markup is never made of what people write. */

import { copy } from "./clipboard.js";
import { html, useState } from "./html.js";
import { IconButton } from "./icons.js";
import { parse } from "./markdown.js";
import { hashOf } from "./places.js";
import { words } from "./strings.js";

const LONGEST_EMOJI = 60;
const ONLY_EMOJI = /^(?:\p{Extended_Pictographic}[\ufe0f\u{1f3fb}-\u{1f3ff}\u200d]*\s?){1,8}$/u;

/** Whether a text is a few emoji and nothing else. @param {string} text */
export const isEmoji = (text) => text.length <= LONGEST_EMOJI && ONLY_EMOJI.test(text.trim());

/** @param {{text: string, known: import("./inline.js").Known, chat: import("./chat.js").Chat}} props */
export function Rich({ text, known, chat }) {
  const blocks = parse(text, known);
  const [only] = blocks;
  return blocks.length === 1 && only.type === "text" ? only.children.map(shown) : blocks.map((block) => blockOf(block, chat));
}

/** @param {import("./markdown.js").Block} block @param {import("./chat.js").Chat} chat */
function blockOf(block, chat) {
  if (block.type === "text") return html`<p>${block.children.map(shown)}</p>`;
  if (block.type === "quote") return html`<blockquote>${block.children.map((inner) => blockOf(inner, chat))}</blockquote>`;
  if (block.type === "fence") return html`<${Fence} block=${block} chat=${chat} />`;
  const items = block.items.map(({ level, children }) => html`<li class=${`level-${level}`}>${children.map(shown)}</li>`);
  return block.ordered ? html`<ol start=${block.start}>${items}</ol>` : html`<ul>${items}</ul>`;
}

/** @param {{block: {language: string, text: string}, chat: import("./chat.js").Chat}} props */
function Fence({ block, chat }) {
  return html`<div class="fence">
    <pre tabindex="0" data-language=${block.language || undefined}><code>${block.text}</code></pre>
    <${IconButton} icon="copy" label=${words.copyCode} onClick=${() => copy(chat, block.text)} />
  </div>`;
}

/** @param {import("./inline.js").Inline} node */
function shown(node) {
  if (typeof node === "string") return node;
  if (node.type === "code") return html`<code>${node.text}</code>`;
  if (node.type === "mention") return html`<span class="mention">${node.text}</span>`;
  if (node.type === "room") return html`<a href=${hashOf(node.text)}>#${node.text}</a>`;
  const children = node.children.map(shown);
  if (node.type === "strong") return html`<strong>${children}</strong>`;
  if (node.type === "em") return html`<em>${children}</em>`;
  if (node.type === "del") return html`<del>${children}</del>`;
  if (node.type === "spoiler") return html`<${Spoiler}>${children}<//>`;
  return html`<a href=${node.href} title=${node.href} target="_blank" rel="noopener noreferrer nofollow ugc">${children}</a>`;
}

/** Hidden until somebody wants to know, from eyes and screen readers alike. */
function Spoiler({ children }) {
  const [open, setOpen] = useState(false);
  if (open) return html`<span class="spoiler open">${children}</span>`;
  return html`<button type="button" class="spoiler" aria-label=${words.spoiler} onClick=${() => setOpen(true)}>
    <span aria-hidden="true" inert>${children}</span></button>`;
}
