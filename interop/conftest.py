"""pytest's side of the lab runner: the fixture `lab`, progress lines, what is kept of a failure, and the matrix cells."""

import json
import os
import pathlib
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from lib.lab import Lab  # noqa: E402  (the path above makes it findable)

current = pytest.StashKey()
cells = []
tests = {"passed": 0, "failed": 0, "skipped": 0}


def pytest_configure(config):
    config.addinivalue_line("markers", "cell(name): the cell of the interop matrix that this test fills")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: no further test, and fixtures end their labs


@pytest.fixture(scope="module")
def lab(request):
    """The lab of the folder that the test lies in, deployed once for the file."""
    deployed = Lab(pathlib.Path(request.path).parent)
    request.config.stash[current] = deployed
    try:
        yield deployed.up()
    finally:
        deployed.down()


def tell(line):
    descriptor = os.environ.get("PODBGP_LAB_TELL")
    if descriptor:
        os.write(int(descriptor), (line + "\n").encode())


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    lab = item.config.stash.get(current, None)
    if report.failed and lab is not None and lab.backend is not None and call.when in ("setup", "call"):
        folder, text = lab.dump(item.name)
        report.sections.append((f"both sides' state, also in {folder}", text[-20000:]))
    if call.when == "call" or report.failed or (call.when == "setup" and report.skipped):
        word = {"passed": "ok", "failed": "FAIL", "skipped": "skip"}[report.outcome]
        tests[report.outcome] += 1
        tell(f"@test\t{item.path.parent.name}\t{item.name}\t{word}\t{call.stop - call.start:.1f}")
        record(item, report, lab)


def record(item, report, lab):
    for mark in item.iter_markers("cell"):
        for name in mark.args:
            cells.append({"peer": lab_peer(item), "cell": name, "test": item.nodeid, "outcome": report.outcome, "reason": reason(report)})


def lab_peer(item):
    return getattr(item.module, "PEER", "podbgp")


def reason(report):
    return str(report.longrepr[2]) if report.skipped and isinstance(report.longrepr, tuple) else ""


def pytest_sessionfinish(session):
    lab = session.config.stash.get(current, None)
    if lab is None:
        return
    versions = getattr(lab, "versions", {})
    (lab.results / "cells.json").write_text(json.dumps({"lab": lab.name, "versions": versions, "cells": cells, "tests": tests}, indent=1), encoding="utf-8")
