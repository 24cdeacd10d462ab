"""Run-time licences must fit GPL-2.0-or-later, because Scapy is GPL-2.0-only (README)."""

from __future__ import annotations

import re
from importlib.metadata import distribution, requires

#: Every distribution a plain ``pip install halfopen`` brings, with the licence it states.
#: A new one needs a line here, and a look at whether it fits.
PINNED = {
    "annotated-doc": "MIT",
    "annotated-types": "MIT",
    "attrs": "MIT",
    "cffi": "MIT",
    "click": "BSD-3-Clause",
    "colorama": "BSD-3-Clause",
    "exceptiongroup": "MIT",
    "idna": "BSD-3-Clause",
    "markdown-it-py": "MIT",
    "mdurl": "MIT",
    "outcome": "MIT OR Apache-2.0",
    "pycparser": "BSD-3-Clause",
    "pydantic": "MIT",
    "pydantic-core": "MIT",
    "pygments": "BSD-2-Clause",
    "rich": "MIT",
    "scapy": "GPL-2.0-only",
    "shellingham": "ISC",
    "sniffio": "MIT OR Apache-2.0",
    # The one exception, through Trio; architecture.md 7 and the README name it.
    "sortedcontainers": "Apache-2.0",
    "structlog": "MIT OR Apache-2.0",
    "trio": "MIT OR Apache-2.0",
    "typer": "MIT",
    "typing-extensions": "PSF-2.0",
    "typing-inspection": "MIT",
}
FITS = {"MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC", "PSF-2.0", "LGPL-2.1", "GPL-2.0-only"}
EXCEPTIONS = {"sortedcontainers"}

#: How distributions word what SPDX calls by one name.
WORDINGS = {
    "MIT": r"\bMIT\b",
    "BSD-2-Clause": r"BSD",
    "BSD-3-Clause": r"BSD",
    "ISC": r"\bISC\b",
    "PSF-2.0": r"PSF|Python Software Foundation",
    "GPL-2.0-only": r"GPL",
    "Apache-2.0": r"Apache",
}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def run_time_needs() -> set[str]:
    """What the project needs at run time on this machine, followed to the end."""
    found: set[str] = set()
    waiting = ["halfopen"]
    while waiting:
        for need in requires(waiting.pop()) or []:
            spec, _, marker = need.partition(";")
            if "extra ==" in marker or _elsewhere(marker):
                continue
            name = normal(re.split(r"[\s<>=!~\[(]", spec.strip(), maxsplit=1)[0])
            if name not in found:
                found.add(name)
                waiting.append(name)
    return found


def _elsewhere(marker: str) -> bool:
    from packaging.markers import Marker

    return bool(marker.strip()) and not Marker(marker).evaluate({"extra": ""})


def stated(name: str) -> str:
    metadata = distribution(name).metadata
    classifiers = [c for c in metadata.get_all("Classifier") or [] if c.startswith("License")]
    licence = (metadata["License"] or "").splitlines()[:1]
    return " / ".join([metadata["License-Expression"] or "", *licence, *classifiers])


def test_nothing_unknown_is_installed() -> None:
    assert run_time_needs() <= PINNED.keys()


def test_every_licence_is_the_pinned_one() -> None:
    for name in sorted(run_time_needs()):
        for part in PINNED[name].split(" OR "):
            assert re.search(WORDINGS[part], stated(name)), f"{name}: {stated(name)!r}"


def test_every_licence_fits() -> None:
    unfit = {name for name, text in PINNED.items() if not FITS & set(text.split(" OR "))}
    assert unfit == EXCEPTIONS
