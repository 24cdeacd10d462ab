"""Any valid scenario of files, over any carrier, plays to its end and adds up."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emu.policy.loader import load_policy
from emu.result import run_json
from emu.story import tell
from tests.net.test_file_client import FAULT, run
from tests.scenario.smb_files import CARRIERS, clients, listed, scenario_of, text_of

USERS = ("ann", "bob", "root")
FILES = ("apps/tool.dll", "apps/other.dll", "docs/plan.xls", "docs/missing")
RULES = ("", "users = 1", "licences = 1", "opens_per_vc = 1", "share_level = true", "max_mpx = 1",
         'autodisconnect = "0s"', 'break_unanswered = "close-first"', 'leak_until = "vc-end"',
         "logoff_frees_trees = false", 'reuse_rearms = "immediate"',
         "sessions_per_vc = 1")  # fmt: skip


@st.composite
def programs(draw: st.DrawFn) -> list[str]:
    """Tasks in random order, a name made before it is used somewhere earlier."""
    at, tasks = 1.0, [f'at = "1s", by = "{user}", do = "log-on"' for user in USERS]
    names: set[str] = set()
    views: set[str] = set()
    for _ in range(draw(st.integers(1, 16))):
        at += draw(st.sampled_from([0.0, 0.001, 0.5, 3.0, 12.0]))
        user, file = draw(st.sampled_from(USERS)), draw(st.sampled_from(FILES))
        options = [f'by = "{user}", do = "{do}"' for do in ("log-on", "log-off", "stop", "start")]
        options += [f'by = "{user}", do = "browse"']
        for share in ("apps", "docs"):
            options += [f'by = "{user}", do = "{do}", share = "{share}", drive = "x"'
                        for do in ("connect", "disconnect")]  # fmt: skip
        name, view = draw(st.sampled_from("ab")), draw(st.sampled_from("vw"))
        opening = f'by = "{user}", do = "open", file = "{file}", name = "{name}"'
        options += [opening, opening + ', access = "read-write", sharing = "read-write"']
        if name in names:
            options += [f'do = "{do}", name = "{name}"' for do in ("read", "write", "close")]
            options += [f'do = "map", name = "{name}", view = "{view}"'] * 2
        if view in views:
            options += [f'do = "touch", view = "{view}", page = {n}' for n in (0, 1, 15, 16)]
            options += [f'do = "unmap", view = "{view}"']
        chosen = draw(st.sampled_from(options))
        names |= {name} if 'do = "open"' in chosen else set()
        views |= {view} if 'do = "map"' in chosen else set()
        tasks.append(f'at = "{at:.3f}s", {chosen}')
    return tasks


faults = st.builds(
    lambda kind, at, lasts: FAULT.format(
        at=f"{at}s",
        kind=kind,
        more="" if kind in ("kill", "reboot") or not lasts
        else f'{"off_for" if kind == "power-loss" else "for"} = "{lasts}s"',
    ),
    st.sampled_from(["power-loss", "reboot", "kill", "app-hang", "os-hang", "suspend", "cable"]),
    st.integers(1, 40),
    st.sampled_from([0, 1, 20, 100]),
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    one=programs(),
    other=programs(),
    fault=st.just("") | faults,
    rule=st.sampled_from(RULES),
    policy=st.sampled_from(CARRIERS),
)
def test_it_plays_to_its_end_and_adds_up(
    one: list[str], other: list[str], fault: str, rule: str, policy: str
) -> None:
    again = listed("tasks_after_restart", one)
    look = "[hosts.server]\n" + listed("tasks", ['at = "1199.999999s", do = "net-session"'])
    text = text_of(*one, more=again, head=f"[smb]\n{rule}\n", horizon="20m",
                   rest=clients({"ws2": other}) + fault + look)  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        result = run(Path(folder), text, policy)
        scenario = scenario_of(Path(folder), text)
        assert all(line is not None for line in tell(scenario, load_policy(policy), result))
    told = json.loads(json.dumps(run_json(result), allow_nan=False))
    active = {each["id"] for each in told["sessions"] if each["states"][-1]["state"] == "active"}
    (table,) = [each for each in told["smb"]["tables"] if each["why"] == "net-session"]
    assert {row["session"] for row in table["sessions"]} == active
    assert all(row["opens"] == len(row["files"]) for row in table["sessions"])
    living: set[tuple[object, ...]] = set()
    for life in told["smb"]["lifetimes"]:
        key = (life["kind"], life["connection"], life["uid"], life["id"])
        assert (key in living) is not life["began"], life
        living ^= {key}
    assert sum(key[0] == "session" for key in living) == len(active)
    assert told["smb"]["dead_sessions_at_end"] <= told["smb"]["leaked_sessions"]
    assert all(each["done_at_s"] is None or each["done_at_s"] >= each["at_s"]
               for each in told["smb"]["tasks"])  # fmt: skip
