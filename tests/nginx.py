"""A real nginx before a server of the tests, with the very block that docs/operating.md shows."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.tls import Certificate

DOCS = Path(__file__).parent.parent / "docs" / "operating.md"
SECONDS = 20
FRAME = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
worker_processes 1;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{site}
}}
"""


def executable() -> str | None:
    """Where the system's nginx is; None if it has none. It is often in no user's PATH."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def documented() -> tuple[str, str]:
    """The block of the docs for a whole site, and the lines that differ below a path."""
    whole, below = re.findall(r"```nginx\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    return whole, below


def below_path() -> str:
    """The block of the docs for a chat below /talk/."""
    whole, below = documented()
    for line in below.splitlines():
        directive = line.split()[0]
        whole, count = re.subn(rf"^ *{directive} .*$", line, whole, flags=re.MULTILINE)
        assert count == 1, line
    return whole


class Nginx:
    """An nginx that passes on to `target`, a port. It has the same port after a restart."""

    def __init__(self, folder: Path, target: int, site: str, certificate: Certificate | None = None) -> None:
        """`site` is a block of the docs, in which only the addresses and the certificate are replaced."""
        self.port = 0
        self._folder = folder
        self._certificate = certificate
        self._site = site.replace("127.0.0.1:8888", f"127.0.0.1:{target}")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """What it has logged."""
        return (self._folder / "error.log").read_text(encoding="utf-8", errors="replace")

    def start(self) -> None:
        """Start it, and wait until it listens: at the first time on a free port."""
        for _ in range(5):
            port = self.port or free_port()
            if self._starts(port):
                self.port = port
                return
        raise AssertionError(self.log)

    def stop(self) -> None:
        """Cut all connections, as `systemctl restart` does in the end."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(SECONDS)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)  # its workers, too
                process.wait()

    def _starts(self, port: int) -> bool:
        file = self._folder / "nginx.conf"
        file.write_text(self._written(port))
        program = executable()
        assert program is not None
        command = [program, "-p", str(self._folder), "-c", str(file), "-e", str(self._folder / "error.log")]
        self._process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return True
            time.sleep(0.02)
        self.stop()
        return False

    def _written(self, port: int) -> str:
        site = self._site
        if self._certificate is None:
            site = re.sub(r"^ *ssl_.*\n", "", site, flags=re.MULTILINE)
            site = site.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
        else:
            site = site.replace("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;")
            site = site.replace("/etc/ssl/chat.example.org.pem", str(self._certificate.certificate))
            site = site.replace("/etc/ssl/chat.example.org.key", str(self._certificate.key))
        user = "user root;" if os.geteuid() == 0 else ""  # else its workers can't write where tests do
        return FRAME.format(user=user, folder=self._folder, site=site)


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def nginx(
    folder: Path, target: int, site: str | None = None, certificate: Certificate | None = None
) -> Iterator[Nginx]:
    """A running nginx before the port `target`. Skips the test where there is none."""
    if executable() is None:
        pytest.skip("there is no nginx in the PATH nor in /usr/sbin")
    folder.mkdir(parents=True, exist_ok=True)
    running = Nginx(folder, target, documented()[0] if site is None else site, certificate)
    running.start()
    try:
        yield running
    finally:
        running.stop()
