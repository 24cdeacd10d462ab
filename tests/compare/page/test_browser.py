"""The page in a real browser: it shows, light and dark, wide and narrow, and asks for nothing.

A start of the browser takes a second or two, so there are few, and each is asked all it can tell.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.compare.page.chromium import Shown, show
from tests.compare.page.pages import page_of
from tests.compare.worlds import ONE, POLICIES

pytestmark = pytest.mark.slow

#: The sheet's paper (emu/compare/page/style.py), as a designer would read it from the picture.
PAPER = {"light": (0xFF, 0xFF, 0xFF), "dark": (0x14, 0x17, 0x1C)}
#: Of the window, in pixels: decoding a picture takes longer than making it.
HEIGHT = 260
NEVER = '\n[[threshold]]\nfield = "notice_delay_s.p95"\nat_most = "2m"\nwhy = "a test"\n'

#: Asks the page in a frame what no picture tells: does it fit, do names cover each other?
PROBE = """<!DOCTYPE html><html><body><script>
function measure(frame) {
  const page = frame.contentDocument, root = page.documentElement;
  const labels = [...page.querySelectorAll("svg.picture .label, svg.lanes .word")];
  const boxes = labels.map(each => each.getBoundingClientRect());
  let covered = 0;
  boxes.forEach((a, i) => boxes.slice(i + 1).forEach(b => {
    const over = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (over > 1 && down > 3) covered += 1;
  }));
  return {width: root.clientWidth, needed: root.scrollWidth, labels: labels.length,
          covered: covered, dots: page.querySelectorAll("svg.picture g").length,
          bold: getComputedStyle(page.querySelector("tr.on-front > th")).fontWeight,
          smallest: Math.min(...boxes.map(box => box.height))};
}
const found = [];
for (const width of [1280, 390]) {
  const frame = document.createElement("iframe");
  frame.width = width; frame.height = 900; frame.src = "page.html";
  frame.onload = () => {
    found.push(measure(frame));
    if (found.length == 2)
      document.body.append(Object.assign(document.createElement("pre"),
                                         {id: "found", textContent: JSON.stringify(found)}));
  };
  document.body.append(frame);
}
</script></body></html>
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("browser")
    text = ONE.replace("by and by", "<script>document.title=1</script>") + NEVER
    page = page_of(made, text=text, policies=POLICIES, seeds=2)
    (made / "page.html").write_text(page, encoding="utf-8")
    return made


def seen(folder: Path, width: int, scheme: str) -> Shown:
    return show(folder / "page.html", folder, width=width, height=HEIGHT, scheme=scheme)


@pytest.mark.parametrize("width", [1280, 390])
def test_it_shows_in_light_and_dark_and_asks_for_nothing(width: int, folder: Path) -> None:
    pictures = {}
    for scheme, paper in PAPER.items():
        shown = seen(folder, width, scheme)
        assert shown.said == []
        assert "<h1>One client, lost &lt;script&gt;" in shown.dom
        assert "<title>one: emu compare</title>" in shown.dom, "no script has run"
        assert (shown.picture.width, shown.picture.height) == (width, HEIGHT)
        assert shown.picture.pixel(2, 2) == paper
        assert len({*shown.picture.rows}) > 100, "not blank"
        pictures[scheme] = shown.picture
    light, dark = pictures["light"], pictures["dark"]
    alike = sum(a == b for a, b in zip(light.rows, dark.rows, strict=True))
    assert alike == 0, "no row of pixels is the same in both"


def test_it_fits_the_window_and_names_do_not_cover_each_other(folder: Path) -> None:
    """Wide things scroll in themselves; the page never scrolls sideways."""
    (folder / "probe.html").write_text(PROBE, encoding="utf-8")
    shown = show(folder / "probe.html", folder, width=1400, height=900, scheme="light",
                 more="--allow-file-access-from-files")  # fmt: skip
    assert shown.said == []
    match = re.search(r'<pre id="found">(.*?)</pre>', shown.dom)
    assert match, shown.dom[-2000:]
    found = sorted(json.loads(match.group(1)), key=lambda each: each["width"])
    assert [each["width"] for each in found] == [390, 1280]
    for each in found:
        assert each["needed"] <= each["width"]
        assert each["covered"] == 0
        assert each["dots"] == len(POLICIES)
        assert each["labels"] == 2 * len(POLICIES), "a name and a fault each"
        assert each["bold"] == "600", "the policy lets the page's own style sheet in"
        assert each["smallest"] >= 8, "pixels: still legible"


def test_the_browser_would_have_complained(folder: Path) -> None:
    """What these tests lean on: anything fetched or run is refused, and the refusal is heard."""
    page = (folder / "page.html").read_text(encoding="utf-8")
    foul = '<img src="http://example.invalid/x.png" /><script>document.title = "run"</script>'
    (folder / "foul.html").write_text(page.replace("</main>", f"{foul}</main>"), encoding="utf-8")
    shown = show(folder / "foul.html", folder, width=1281, height=900, scheme="light")
    assert "<title>run</title>" not in shown.dom
    assert len([line for line in shown.said if "Content Security Policy" in line]) == 2
