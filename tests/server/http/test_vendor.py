"""What is not ours is as its authors gave it, with its licence."""

from __future__ import annotations

import hashlib

from tornchat.server.http.files import ROOT

VENDOR = ROOT / "vendor"


def test_each_file_has_the_sum_that_is_listed_and_no_file_is_unlisted():
    lines = (VENDOR / "SHA256SUMS").read_text().splitlines()
    listed = {name: digest for digest, name in (line.split("  ") for line in lines)}
    found = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "SHA256SUMS"
    }
    assert found == listed


def test_each_library_comes_with_its_licence_and_a_version():
    for folder in VENDOR.iterdir():
        if folder.is_dir():
            assert (folder / "LICENSE").stat().st_size > 500
            assert folder.name.rpartition("-")[2].replace(".", "").isdigit()
