/**
 * Texts with Markdown, as a tree. Nothing is refused: what is no markup is text. It takes time in proportion to the length,
 * whatever the text: each sign is looked at a fixed number of times, and what is open is a stack.
 */

import { inline } from "./inline.js";

const DEEPEST_QUOTE = 4;
const DEEPEST_ITEM = 4;
const FENCE = /^ {0,3}```\s*([\w+#.-]{0,30})\s*$/;
const FENCE_END = /^ {0,3}```\s*$/;
const QUOTE = /^>(?: |$)/;
const ITEM = /^( *)(?:[-*+]|(\d{1,9})[.)]) +(?=\S)/;
const BLOCK = /^(?: *[-*+\d>]| {0,3}```)/m;

/**
 * @typedef {import("./inline.js").Inline} Inline
 * @typedef {{type: "text", children: Inline[]}
 *   | {type: "fence", language: string, text: string}
 *   | {type: "quote", children: Block[]}
 *   | {type: "list", ordered: boolean, start: number, items: {level: number, children: Inline[]}[]}} Block
 */

/** @param {string} text @param {import("./inline.js").Known} [known] @returns {Block[]} */
export function parse(text, known) {
  if (!BLOCK.test(text)) return [{ type: "text", children: inline(text, known) }];
  return blocks(text.split("\n"), known, 0);
}

/** @param {string[]} lines @param {import("./inline.js").Known | undefined} known @param {number} depth @returns {Block[]} */
function blocks(lines, known, depth) {
  /** @type {Block[]} */ const found = [];
  let at = 0;
  /** @type {string[]} */ let plain = [];
  const flush = () => {
    const text = plain.join("\n");
    plain = [];
    const shown = found.length || at < lines.length ? text.replace(/^\n+|\n+$/g, "") : text;
    if (shown) found.push({ type: "text", children: inline(shown, known) });
  };
  while (at < lines.length) {
    const read = reader(lines[at], depth);
    if (!read) plain.push(lines[at++]);
    else {
      flush();
      const [block, next] = read(lines, at, known, depth);
      found.push(block);
      at = next;
    }
  }
  flush();
  return found;
}

/**
 * @typedef {(lines: string[], at: number, known: import("./inline.js").Known | undefined, depth: number) => [Block, number]} Reader
 *   The block that begins at a line, and the line after it.
 */

/** What reads a block that begins with this line; nothing: it is text. @param {string} line @param {number} depth @returns {Reader | null} */
function reader(line, depth) {
  if (FENCE.test(line)) return fence;
  if (depth < DEEPEST_QUOTE && QUOTE.test(line)) return quote;
  return ITEM.test(line) ? list : null;
}

/** A fence that is not closed ends with the text, as it does while the text is being written. @type {Reader} */
function fence(lines, at) {
  const [, language = ""] = FENCE.exec(lines[at]) ?? [];
  let end = at + 1;
  while (end < lines.length && !FENCE_END.test(lines[end])) end += 1;
  return [{ type: "fence", language, text: lines.slice(at + 1, end).join("\n") }, end + 1];
}

/** @type {Reader} */
function quote(lines, at, known, depth) {
  let end = at;
  while (end < lines.length && QUOTE.test(lines[end])) end += 1;
  const inner = lines.slice(at, end).map((line) => line.replace(QUOTE, ""));
  return [{ type: "quote", children: blocks(inner, known, depth + 1) }, end];
}

/** @type {Reader} */
function list(lines, at, known) {
  const number = ITEM.exec(lines[at])?.[2];
  /** @type {{level: number, children: Inline[]}[]} */ const items = [];
  let end = at;
  for (let item; end < lines.length && (item = ITEM.exec(lines[end])); end += 1) {
    if (!item[1] && (item[2] === undefined) !== (number === undefined)) break; // another list
    const level = Math.min(DEEPEST_ITEM, item[1].length >> 1);
    items.push({ level, children: inline(lines[end].slice(item[0].length), known) });
  }
  return [{ type: "list", ordered: number !== undefined, start: Number(number ?? 1), items }, end];
}
