"""The JavaScript client streams a message, and the page shows it grow."""

from __future__ import annotations

from tests.browser.conftest import Arrives

BEGIN = """
async () => {
  const { TornchatClient } = await import("/static/tornchat-client.js");
  const { token } = await (await fetch("/api/guest", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ username: "Robot" }),
  })).json();
  const chat = new TornchatClient({ base: location.origin + "/", room: "streams", token });
  const told = [];
  for (const type of ["message", "appended", "changed"])
    chat.addEventListener(type, ({ detail }) => told.push([type, detail.message ?? null]));
  chat.connect();
  const { seq } = await chat.send("It is 😀", undefined, { open: true });
  globalThis.robot = { chat, told, seq };
}
"""
GROW = """
async () => {
  const { chat, seq } = globalThis.robot;
  await chat.append(seq, 7, " the east,");
}
"""
END = """
async () => {
  const { chat, told, seq } = globalThis.robot;
  const refused = await chat.append(seq, 8, "!").catch(({ code, length }) => [code, length]);
  await chat.append(seq, 17, " and Juliet is the sun.");
  await chat.closeMessage(seq);
  const { message, open, status } = chat.messages.get(seq);
  chat.close();
  const first = told.findIndex(([, text]) => text === "It is 😀");
  return { told: told.slice(first), refused, message, open, status };
}
"""


def test_a_message_grows_on_the_page(arrives: Arrives) -> None:
    alice = arrives().joins("Alice", "streams").says("What light is it?").sees("What light is it?")
    alice.page.evaluate(BEGIN)
    alice.sees("What light is it?", "It is 😀")
    alice.page.evaluate(GROW)
    alice.sees("What light is it?", "It is 😀 the east,")
    found = alice.page.evaluate(END)
    whole = "It is 😀 the east, and Juliet is the sun."
    alice.sees("What light is it?", whole)
    assert found["told"] == [
        ["message", "It is 😀"],
        ["appended", " the east,"],
        ["appended", " and Juliet is the sun."],
        ["changed", None],
    ]
    assert found["refused"] == ["stale", 17]
    assert (found["message"], found["open"], found["status"]) == (whole, False, "complete")
