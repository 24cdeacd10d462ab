"""A real browser without a screen and without a network: Debian's chromium."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.compare.page.png import Picture, read_png
from tests.outside import missing

#: Blink's preferredColorScheme (third_party/blink, mojom PreferredColorScheme).
SCHEMES = {"dark": 0, "light": 1}
#: As root, in a container with a small /dev/shm, without a graphics card; no address is known.
_ALWAYS = [
    "--headless", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars",
    "--no-first-run", "--disable-extensions", "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr",
]  # fmt: skip


@dataclass(frozen=True)
class Shown:
    """``dom``: the page as the browser has it; ``said``: what pages wrote to the console."""

    dom: str
    said: list[str]
    picture: Picture


def show(
    page: Path, folder: Path, *, width: int, height: int, scheme: str, more: str = ""
) -> Shown:
    """Load a page from a file, take its picture, and return what came of it.

    ``folder``: for the browser's own files.
    """
    program = shutil.which("chromium") or missing("no chromium: install it to see the page in it")
    picture = folder / f"{width}-{scheme}.png"
    done = subprocess.run(
        [
            program,
            *_ALWAYS,
            *more.split(),
            f"--user-data-dir={folder / f'profile-{width}-{scheme}'}",
            f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}",
            f"--window-size={width},{height}",
            f"--screenshot={picture}",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = ("CONSOLE", "net_error", "ERR_")
    said = [line for line in done.stderr.splitlines() if any(word in line for word in told)]
    return Shown(done.stdout, said, read_png(picture))
