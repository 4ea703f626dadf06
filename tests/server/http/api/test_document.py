"""/openapi.json: valid, complete, of this server's settings, and with what plugins add."""

from __future__ import annotations

import json
import re
from urllib.parse import urljoin

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from tornado.routing import URLSpec
from tornado.web import RequestHandler

from tests.cli.process import run
from tests.hosting import hosting, settings
from tests.server.http.web import ask
from tornchat import ChatApp, hookimpl
from tornchat.config.settings import load
from tornchat.server.http.api.document import openapi
from tornchat.server.http.api.endpoint import MEANINGS
from tornchat.server.http.api.foreign import paths_of
from tornchat.server.http.api.table import ENDPOINTS
from tornchat.testing import RunningChat, running_chat


def document(routes=(), prefix="", **sections):
    return json.loads(json.dumps(openapi(ENDPOINTS, routes, prefix, load(settings=sections))))


def test_it_is_valid_openapi_3_1():
    found = document()
    assert found["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(found).validate()


def test_every_call_is_there_with_its_inputs_and_all_its_answers():
    paths = document()["paths"]
    for endpoint in ENDPOINTS:
        operation = paths[endpoint.path][endpoint.method.lower()]
        assert operation["summary"].endswith((".", "?")), endpoint.path
        assert operation["operationId"] == endpoint.name
        told = {int(status) for status in operation["responses"]}
        assert told == {endpoint.status, *endpoint.also, *endpoint.problems}
        assert operation["security"] == ([] if endpoint.who == "anybody" else [{"bearer": []}])
        assert ("requestBody" in operation) == ("body" in endpoint.inputs)
        placed = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"]
        assert sorted(placed) == sorted(endpoint.parameters)
    assert sum(len(operations) for operations in paths.values()) == len(ENDPOINTS)


def test_no_two_calls_have_one_name_and_each_refusal_has_its_words():
    names = [endpoint.name for endpoint in ENDPOINTS]
    assert len(set(names)) == len(names)
    assert {status for endpoint in ENDPOINTS for status in endpoint.problems} <= set(MEANINGS)


def test_it_says_of_rooms_and_messages_what_the_settings_say():
    found = document(rooms={"name_pattern": "[a-z]{3}"}, limits={"message_chars": 7})
    parameters = found["paths"]["/api/rooms/{room}"]["get"]["parameters"]
    assert parameters[0]["schema"]["pattern"] == "^(?:[a-z]{3})$"
    message = found["components"]["schemas"]["NewMessage"]["properties"]["message"]
    assert (message["minLength"], message["maxLength"]) == (1, 7)
    for text, fits in (("a", True), (" a ", True), ("", False), (" \n", False), ("a\0", False)):
        assert bool(re.search(message["pattern"], text)) is fits
    unlimited = document(limits={"message_chars": 0})["components"]["schemas"]["NewMessage"]
    assert "maxLength" not in unlimited["properties"]["message"]


@pytest.mark.gen_test
async def test_it_is_served_with_the_prefix_and_the_health_checks(tmp_path):
    chat = ChatApp(settings(tmp_path))
    async with hosting(chat.routes("/talk"), chat) as host:
        running = RunningChat(chat, int(host.address.partition(":")[2]))
        told = await ask(running, "GET", "/talk/openapi.json")
        assert told.headers["Content-Type"] == "application/json"
        OpenAPIV31SpecValidator(told.json).validate()
        assert told.json["servers"] == [{"url": "/talk"}]
        assert {"/api/", "/api/rooms/{room}/messages", "/healthz", "/readyz"} <= set(told.json["paths"])
        for path in told.json["paths"]:
            place = "/talk" + path.replace("{seq}", "1").replace("{", "").replace("}", "")
            status = (await ask(running, "GET", place, "ann")).status
            assert status in (200, 403, 404, 405, 422, 501), place
        again = await ask(
            running, "GET", "/talk/openapi.json", headers={"If-None-Match": told.headers["Etag"]}
        )
        assert again.status == 304


class Described(RequestHandler):
    openapi = {"get": {"summary": "Count to n.", "responses": {"200": {"description": "Done."}}}}  # noqa: RUF012

    def get(self, n: str) -> None:
        self.write(n)


class Plain(RequestHandler):
    """Nobody has described this."""

    def post(self, *args: str) -> None: ...
    def get(self, *args: str) -> None: ...


def test_a_plugins_route_describes_itself_or_is_shown_as_it_is():
    routes = [(r"/count/(?P<n>\d+)", Described), URLSpec(r"/plain/([^/]+)/x\.json/?", Plain)]
    found = document(routes)
    OpenAPIV31SpecValidator(found).validate()
    assert found["paths"]["/count/{n}"]["get"]["summary"] == "Count to n."
    assert found["paths"]["/count/{n}"]["parameters"][0]["name"] == "n"
    plain = found["paths"]["/plain/{part1}/x.json"]
    assert {"get", "post", "parameters"} == set(plain)
    assert plain["post"]["summary"] == "Nobody has described this."


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        (r"/a", "/a"),
        (r"/a/(b|c)", "/a/{part1}"),
        (r"/a/((?:x)y)/([^/]*)", "/a/{part1}/{part2}"),
        (r"/a/(?:b)?", None),
        (r"/.*", None),
        (r"/a[bc]", None),
    ],
)
def test_a_regular_expression_is_a_path_if_it_can_be_one(pattern, path):
    assert list(paths_of([(pattern, Plain)], "")) == ([path] if path else [])


@pytest.mark.gen_test
async def test_a_plugins_routes_are_in_the_document_and_under_the_api_too():
    class Counting:
        @hookimpl
        def http_routes(self, chat):
            return [(r"/api/count/(?P<n>\d+)", Described)]

    async with running_chat(plugins={"counting": Counting}) as chat:
        told = await ask(chat, "GET", "/openapi.json")
        OpenAPIV31SpecValidator(told.json).validate()
        assert "/api/count/{n}" in told.json["paths"]
        assert (await ask(chat, "GET", "/api/count/7")).body == b"7"
        assert (await ask(chat, "GET", "/api/count/x")).code == "not_found"


@pytest.mark.gen_test
async def test_the_swagger_page_loads_from_this_site_only(tmp_path):
    chat = ChatApp(settings(tmp_path))
    async with hosting(chat.routes("/talk"), chat) as host:
        running = RunningChat(chat, int(host.address.partition(":")[2]))
        page = await ask(running, "GET", "/talk/swagger/")
        assert page.status == 200
        assert page.headers["Content-Security-Policy"].startswith("default-src 'self'; img-src 'self' data:;")
        text = page.body.decode()
        assert 'data-document="../openapi.json"' in text
        assert "http://" not in text
        assert "https://" not in text
        assert not re.search(r"<script(?![^>]* src=)|<style| on\w+=| style=", text)
        for link in re.findall(r'(?:src|href)="(\.\./[^"]+)"', text):
            assert (await ask(running, "GET", urljoin("/talk/swagger/", link))).status == 200


@pytest.mark.gen_test
async def test_the_command_prints_what_the_server_gives(tmp_path):
    printed = json.loads(run(tmp_path, "openapi").stdout)
    async with running_chat() as chat:
        assert (await ask(chat, "GET", "/openapi.json")).json == printed
