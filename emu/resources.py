"""Where the data that ships with emu lies: policies, scenarios, tariffs, lines and boxes.

A checkout keeps ``policies/`` at its top level, a wheel carries the same files inside the
package (``[tool.hatch.build.targets.wheel.force-include]``).  Nothing else may know that.
Imports nothing but the standard library: shell completion runs through here.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def policies_folder() -> Path:
    """The folder of the shipped policies: in the package (wheel) or beside it (checkout)."""
    packed = _PACKAGE / "_policies"
    return packed if packed.is_dir() else _PACKAGE.parent / "policies"


def scenarios_folder() -> Path:
    """The folder of the shipped scenarios."""
    return _PACKAGE / "scenario" / "library"


def policy_names() -> list[str]:
    """Names of the shipped policies, sorted; abstract files (``_name.toml``) left out."""
    return _names(policies_folder())


def scenario_names() -> list[str]:
    """Names of the shipped scenarios, sorted."""
    return _names(scenarios_folder())


def tariffs_folder() -> Path:
    """The folder of the shipped tariffs."""
    return _PACKAGE / "tariff" / "library"


def tariff_names() -> list[str]:
    """Names of the shipped tariffs, sorted."""
    return _names(tariffs_folder())


def lines_folder() -> Path:
    """The folder of the shipped lines (ISDN, modem)."""
    return _PACKAGE / "line" / "library"


def line_names() -> list[str]:
    """Names of the shipped lines, sorted."""
    return _names(lines_folder())


def boxes_folder() -> Path:
    """The folder of the shipped boxes (NAT, firewalls, load balancers)."""
    return _PACKAGE / "box" / "library"


def box_names() -> list[str]:
    """Names of the shipped boxes, sorted."""
    return _names(boxes_folder())


def _names(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.toml") if not path.stem.startswith("_"))


def captures_folder() -> Path:
    """The gallery of a checkout; a wheel does not carry it (``InputError``)."""
    from emu.errors import InputError

    folder = _PACKAGE.parent / "captures"
    if (_PACKAGE / "_policies").is_dir() or not folder.is_dir():
        raise InputError(
            "the gallery",
            expected="a checkout of the project with its captures/ folder",
            found="an installed package",
            hint="run emu from a checkout",
        )
    return folder
