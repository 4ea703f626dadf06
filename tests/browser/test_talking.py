"""Two browsers talk: what one says the other sees, as text, whatever it is."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Arrives
from tests.browser.test_history import PLACE
from tests.browser.visitor import Visitor

HOSTILE = [
    "<script>document.title = 'caught'</script>",
    "<img src=x onerror=\"document.title = 'caught'\">",
    "&lt;b&gt; &amp; &#x3c;",
    "javascript:alert(1) data:text/html,hi vbscript:x JAVASCRIPT://%0aalert(1)",
    "</div></li></ol><style>* { display: none }</style>",
    "\u202ereversed\u2066 and \u2067isolated",
    "Z\u0351\u036b\u0343\u036a\u0302a\u0334l\u0335g\u0336o\u0489" * 30,
    "${alert(1)} {{ 7*7 }} {% raw %} %s ]]> \\u003cscript\\u003e",
    '" onmouseover="document.title=1" style="position:fixed',
    "W" * 10_000,
]


def test_two_talk(arrives: Arrives) -> None:
    alice, bob = arrives().joins("Alice", "talk"), arrives().joins("Bob", "talk")
    expect(alice.page.locator(".person-name")).to_have_text(["Alice", "Bob"])
    alice.says("Hello Bob!", "How are you?")
    bob.sees("Hello Bob!", "How are you?").says("Well.\nVery well.")
    alice.sees("Hello Bob!", "How are you?", "Well.\nVery well.")
    expect(alice.page.locator(".sender")).to_have_text(
        ["Alice", "Bob"]
    )  # once for what follows on each other
    expect(alice.page.locator(".rule.day")).to_have_text(["Today"])
    stamp = bob.page.locator(".stamp").first
    assert len(stamp.inner_text()) == len("10:08")
    assert stamp.get_attribute("title").count(":") == 2
    bob.leaves()
    expect(alice.page.locator(".person-name")).to_have_text(["Alice"])


def test_guests_are_marked_and_no_two_who_are_here_look_alike(arrives: Arrives) -> None:
    alice = arrives().joins("Alice", "marked").says("I am a guest.")
    bob = arrives().joins("Bob", "marked")
    expect(bob.page.locator(".message .guest")).to_have_text(["Guest"])
    expect(bob.page.locator(".person small").filter(has_text="Guest")).to_have_count(2)
    twin = arrives().opens("/#marked")
    twin.page.get_by_label("Your name").fill("AL1CE")
    twin.page.keyboard.press("Enter")
    expect(twin.page.get_by_role("alert")).to_contain_text("looks like this one")
    twin.faults.clear()  # the browser tells of the 409
    alice.sees("I am a guest.")


def test_hostile_text_is_text(arrives: Arrives) -> None:
    eve = arrives().joins("<b>Eve</b> & מישהו", "hostile")
    bob = arrives(viewport=PHONE).joins("Bob", "hostile")
    eve.says(*HOSTILE)
    expect(bob.texts).to_have_count(len(HOSTILE))
    bob.pictures("hostile-phone")
    eve.pictures("hostile")
    for reader in (eve, bob):
        assert reader.evaluates("[...document.querySelectorAll('.text')].map(e => e.textContent)") == HOSTILE
        assert reader.evaluates("document.querySelectorAll('.text *').length") == 0
        assert reader.evaluates("document.documentElement.scrollWidth <= innerWidth")
        assert "caught" not in reader.page.title()
    assert bob.page.locator(".sender").first.text_content() == "<b>Eve</b> & מישהו"


@pytest.fixture
def linker(arrives: Arrives) -> Visitor:
    return arrives().joins("Linus", "links")


def test_links_are_safe(linker: Visitor) -> None:
    linker.says(
        "See https://example.org/a_(b). Or (http://example.org/?q=1&r=2), https://\u202egro.elpmaxe x"
    )
    linker.says("https://user@evil.example https://[ http:// httpss://x HTTPS://EXAMPLE.ORG/<script>")
    expect(linker.texts).to_have_count(2)
    links = linker.evaluates(
        "[...document.querySelectorAll('.text a')].map(a => [a.textContent, a.href, a.rel])"
    )
    rel = "noopener noreferrer nofollow ugc"
    assert links == [
        ["https://example.org/a_(b)", "https://example.org/a_(b)", rel],
        ["http://example.org/?q=1&r=2", "http://example.org/?q=1&r=2", rel],
        ["HTTPS://EXAMPLE.ORG/", "https://example.org/", rel],
    ]


def test_what_is_refused_says_so_and_can_be_mended(arrives: Arrives) -> None:
    alice = (
        arrives()
        .knows_no_limits()
        .joins("Alice", "long")
        .says("x" * 12_001)
        .reads("Not sent.", "The message is longer than 12000 characters")
    )
    alice.page.get_by_role("button", name="Edit").click()
    expect(alice.composer).to_have_value("x" * 12_001)
    expect(alice.page.locator(".message")).to_have_count(0)
    alice.says("Shorter.").sees("Shorter.")


def test_what_is_too_long_is_told_while_one_writes(arrives: Arrives) -> None:
    alice = arrives().joins("Alice", "counted")
    alice.composer.fill("x" * 9_000)
    expect(alice.page.locator(".counter")).to_have_count(0)
    alice.composer.fill("\U0001f600" * 9_700)
    alice.reads("2300 characters left")
    alice.composer.fill("x" * 12_001)
    alice.reads("1 characters too many")
    expect(alice.page.get_by_role("button", name="Send")).to_be_disabled()
    alice.composer.press("Enter")
    expect(alice.page.locator(".message")).to_have_count(0)


def test_long_messages_are_folded(arrives: Arrives) -> None:
    alice = arrives().joins("Alice", "folded").says("\n".join(str(number) for number in range(40)), "Short.")
    text = alice.texts.first
    fold = alice.page.get_by_role("button", name="Show all")
    folded = text.bounding_box()["height"]
    fold.click()
    expect(alice.page.get_by_role("button", name="Show less")).to_be_visible()
    assert text.bounding_box()["height"] > 3 * folded
    assert alice.page.locator(".fold").count() == 1


def test_drafts_outlive_a_reload_and_the_place_a_change_of_rooms(arrives: Arrives) -> None:
    alice = arrives().joins("Alice", "kept").says(*(f"Line {number}." for number in range(60)))
    alice.composer.fill("To be contin")
    alice.evaluates("document.querySelector('.scroller').scrollTop = 300")
    alice.reads("To the newest")
    before = alice.evaluates(PLACE)
    alice.opens("/#elsewhere").is_in("elsewhere")
    expect(alice.composer).to_have_value("")
    alice.composer.fill("Also here")
    alice.page.go_back()
    alice.is_in("kept")
    expect(alice.composer).to_have_value("To be contin")
    expect(alice.banner).to_have_count(0)
    assert alice.evaluates(PLACE) == before
    alice.page.once("dialog", lambda dialog: dialog.accept())
    alice.page.reload()
    alice.is_in("kept")
    expect(alice.composer).to_have_value("To be contin")
    alice.says("To be continued.").sees_last("To be continued.")
    alice.page.reload()
    expect(alice.is_in("kept").composer).to_have_value("")


def test_enter_begins_a_new_line_on_a_touch_screen(arrives: Arrives) -> None:
    alice = arrives(viewport=PHONE, has_touch=True, is_mobile=True).joins("Alice", "touch")
    alice.composer.fill("One")
    alice.composer.press("End")
    alice.composer.press("Enter")
    expect(alice.composer).to_have_value("One\n")
    alice.page.get_by_role("button", name="Send").click()
    alice.sees("One\n")


def test_keyboard_only(arrives: Arrives) -> None:
    alice = arrives().opens("/#keys")
    keys = alice.page.keyboard
    expect(alice.page.get_by_label("Your name")).to_be_focused()
    keys.press("Enter")
    alice.reads("Choose a name first")
    keys.type("Alice")
    keys.press("Enter")
    expect(alice.composer).to_be_focused()
    keys.type("One")
    keys.press("Shift+Enter")
    keys.type("line more")
    keys.press("Enter")
    keys.type("Two")
    keys.press("Enter")
    alice.sees("One\nline more", "Two")
    keys.press("ArrowUp")
    expect(alice.composer).to_have_value("Two")
    keys.press("Escape")
    expect(alice.page.get_by_text("Editing a message")).to_have_count(0)
    keys.press("Shift+Tab")
    keys.press("ArrowUp")
    expect(alice.page.locator(".message").last).to_be_focused()
    keys.press("ArrowUp")
    expect(alice.page.locator(".message").first).to_be_focused()
    for name in ("React to this message", "Reply to this message", "Edit this message", "Open the thread"):
        keys.press("Tab")
        expect(alice.page.get_by_role("button", name=name)).to_be_focused()
    keys.press("Tab")
    keys.press("Enter")
    expect(alice.page.get_by_role("dialog", name="Actions for this message")).to_be_visible()
    keys.press("Escape")
    expect(alice.page.get_by_role("dialog")).to_have_count(0)
    keys.press("Escape")
    alice.page.locator(".message").first.focus()
    keys.press("Delete")
    expect(alice.page.get_by_role("dialog", name="Delete this message?")).to_be_visible()
    keys.press("Escape")
    expect(alice.page.get_by_role("dialog")).to_have_count(0)


def test_news_are_told_to_screen_readers(arrives: Arrives) -> None:
    alice, bob = arrives().joins("Alice", "aloud"), arrives().joins("Bob", "aloud")
    alice.says("My own words are not read to me.")
    bob.sees("My own words are not read to me.").says("Listen!")
    expect(alice.page.locator("[aria-live=polite]")).to_have_text("Bob: Listen!")


LINK_MS = 50
"""How long the links of one message of 4,000 characters may take to find; a frame of the display is 16 ms."""
PATHOLOGICAL = {
    "dots, then brackets": "https://" + "." * 1990 + ")" * 1990,
    "brackets, then dots": "https://" + ")" * 1990 + "." * 1990,
    "dots and a letter": "http://a" + "." * 3990 + "x",
    "dots and brackets in turn": "http://a" + ".)" * 1995,
    "open and closed": "http://a" + "(" * 1995 + ")" * 1995,
    "many links with brackets": "http://a.b).)) " * 266,
    "many links": "http://a " * 444,
    "schemes": "http://" * 571,
    "almost schemes": "http:/" * 666,
    "hs": "h" * 4000,
    "a long name": "http://" + "\u00fc" * 3990,
    "labels": "http://" + "\u00fc." * 1995,
    "percent signs": "http://a/" + "%" * 3990,
    "emoji": "http://a/" + "\U0001f600" * 1990,
    "slashes and dots": "http://a" + "/.." * 1330,
    "ats": "http://" + "a@" * 1990,
}


def test_the_links_of_any_message_are_found_in_time(linker: Visitor) -> None:
    took = linker.evaluates(
        """async (texts) => {
            const { withLinks } = await import("./static/chat/text.js");
            return Object.fromEntries(Object.entries(texts).map(([name, text]) => {
                const start = performance.now();
                const parts = withLinks(text);
                const whole = parts.map((part) => part.text ?? part).join("");
                return [name, whole === text ? performance.now() - start : Infinity];
            }));
        }""",
        PATHOLOGICAL,
    )
    assert {name: ms for name, ms in took.items() if ms > LINK_MS} == {}


def test_what_ends_a_link_and_how_long_it_may_be(arrives: Arrives) -> None:
    linker = arrives().joins("Linus", "long-links")
    longest = "https://example.org/" + "a" * 1980
    linker.says(f"{longest} {longest}b {longest})...", "http://a.b/((c). http://a.b/[d]), http://a.b/e)).f).")
    expect(linker.texts).to_have_count(2)
    links = linker.evaluates("[...document.querySelectorAll('.text a')].map(a => a.textContent)")
    assert links == [longest, longest, "http://a.b/((c)", "http://a.b/[d]", "http://a.b/e)).f"]
