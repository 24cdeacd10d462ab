"""Elements as text, everything in them escaped: what is not ``Markup`` is somebody's words.

The result is HTML that an XML parser reads too, so that a test can.
"""

from __future__ import annotations

from html import escape


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


#: Elements of HTML without content (HTML, 13.1.2 "Elements") and those of SVG that we leave empty.
_EMPTY = {"meta", "br", "line", "path", "rect", "circle", "polyline"}


def tag(name: str, /, *content: str, **attributes: str | float | None) -> Markup:
    """One element.  ``class_`` is class, ``font_size`` font-size; None leaves one out."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _EMPTY:
        return Markup(f"<{name}{given} />")
    return Markup(f"<{name}{given}>{together(*content)}</{name}>")


def together(*content: str) -> Markup:
    """One after the other; what is not markup is escaped."""
    return Markup(
        "".join(each if isinstance(each, Markup) else escape(printable(each)) for each in content)
    )


def printable(text: str) -> str:
    """Nothing that a parser refuses or that turns a line's direction round: it is shown escaped."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def number(value: float) -> str:
    """A coordinate: a hundredth of a pixel is enough, and no ``-0``."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _value(value: str | float) -> str:
    return escape(printable(value)) if isinstance(value, str) else number(value)
