/** Markdown as a tree: what is markup and what is not, and that no text takes long. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../../tornchat/server/static/chat/markdown.js";

const KNOWN = { names: ["Bob Smith", "Bob", "room"], isRoom: (name) => name === "tea" };
const inlineOf = (text) => {
  const [block, ...others] = parse(text, KNOWN);
  assert.equal(others.length, 0);
  assert.equal(block.type, "text");
  return block.children;
};

test("emphasis is of whole words", () => {
  assert.deepEqual(inlineOf("**bold** and *it*"), [{ type: "strong", children: ["bold"] }, " and ", { type: "em", children: ["it"] }]);
  assert.deepEqual(inlineOf("***both***"), [{ type: "strong", children: [{ type: "em", children: ["both"] }] }]);
  for (const plain of ["2*3*4", "snake_case_name", "** a **", "****", "~one~", "a|b|c", "*open **and ~~open"]) {
    assert.deepEqual(inlineOf(plain), [plain]);
  }
});

test("what is escaped is text", () => {
  assert.deepEqual(inlineOf("\\*no\\* \\`no\\` C:\\dir"), ["*no* `no` C:\\dir"]);
});

test("code is text, whatever it has in it", () => {
  assert.deepEqual(inlineOf("`**a**` ``b`c``"), [{ type: "code", text: "**a**" }, " ", { type: "code", text: "b`c" }]);
  assert.deepEqual(inlineOf("`open"), ["`open"]);
  assert.deepEqual(parse("```js\n<b>*x*</b>\n```\nafter"), [
    { type: "fence", language: "js", text: "<b>*x*</b>" },
    { type: "text", children: ["after"] },
  ]);
  assert.deepEqual(parse("```\nnot closed yet"), [{ type: "fence", language: "", text: "not closed yet" }]);
});

test("only http and https are links, and none is in another", () => {
  const link = (href, ...children) => ({ type: "link", children, href });
  assert.deepEqual(inlineOf("[words](https://a.b/c_(d))"), [link("https://a.b/c_(d)", "words")]);
  assert.deepEqual(inlineOf("[a [b](http://x.y)](http://z.w)"), [link("http://z.w/", "a b")]);
  assert.deepEqual(inlineOf("**https://a.b**"), [{ type: "strong", children: [link("https://a.b/", "https://a.b")] }]);
  for (const plain of ["[x](javascript:alert(1))", "[x](data:text/html,x)", "[x](//a.b)", "[x](https://u@a.b)", "javascript:x"]) {
    assert.deepEqual(inlineOf(plain), [plain]);
  }
});

test("names and rooms are those that are known", () => {
  const [mention, , room] = inlineOf("@Bob Smith #tea @Bobby #none");
  assert.deepEqual([mention, room], [{ type: "mention", text: "@Bob Smith" }, { type: "room", text: "tea" }]);
  assert.deepEqual(inlineOf("@Bobby #none a#tea"), ["@Bobby #none a#tea"]);
});

test("quotes and lists are blocks", () => {
  assert.deepEqual(parse("> a\n> > b\nc"), [
    { type: "quote", children: [{ type: "text", children: ["a"] }, { type: "quote", children: [{ type: "text", children: ["b"] }] }] },
    { type: "text", children: ["c"] },
  ]);
  assert.deepEqual(parse("- a\n  - b"), [
    { type: "list", ordered: false, start: 1, items: [{ level: 0, children: ["a"] }, { level: 1, children: ["b"] }] },
  ]);
  assert.equal(parse("3. a\n4. b")[0].start, 3);
  for (const plain of ["Line 1.", "1.", "-", ">:(", "-5 degrees"]) assert.deepEqual(parse(plain), [{ type: "text", children: [plain] }]);
});

const HOSTILE = {
  stars: "*a ",
  pairs: "*a _b a_ b* ",
  brackets: "[",
  targets: "[a](",
  parentheses: "]((((((",
  openLinks: "[x](http://a.b/(",
  nested: "**a ~~b ||c ",
  closing: "a** b~~ c|| ",
  quotes: "> ",
  deepQuotes: `${"> ".repeat(30)}x\n`,
  items: "- a\n",
  fences: "```\n",
  ats: "@",
  rooms: "#tea",
  escapes: "\\*",
  spaces: " ",
  lines: "\n",
  underscores: "_a",
  triples: "***a",
  links: "http://a.b/c ",
  emoji: "\u{1f600}",
};
const depth = (node) => (node.children ? 1 + Math.max(0, ...node.children.map(depth)) : 0);

test("no text is deep, and none takes long: in proportion to its length", () => {
  const ticks = Array.from({ length: 150 }, (_, at) => `${"`".repeat(at + 1)}x`).join("");
  for (const [name, part] of Object.entries({ ...HOSTILE, ticks })) {
    const timed = (length) => {
      const text = part.repeat(Math.ceil(length / part.length)).slice(0, length);
      const start = performance.now();
      const found = parse(text, KNOWN);
      return { took: performance.now() - start, deep: Math.max(0, ...found.map(depth)) };
    };
    timed(12_000);
    const { took, deep } = timed(200_000);
    assert.ok(deep < 20, `${name}: ${deep} levels`);
    assert.ok(took < 1_000, `${name}: ${took} ms for 200,000 characters`);
  }
});
