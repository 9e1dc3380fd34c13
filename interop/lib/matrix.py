"""What the runs showed: features × peers, and labs × backends × generations of peers.

The results of all runs are kept in a JSON file beside the page, so that a run on one backend leaves the results of the others alone;
the page is written from it. The cells that must be there are in interop/cells.yml.
"""

import json
import pathlib

import yaml

CELLS = pathlib.Path(__file__).resolve().parents[1] / "cells.yml"
TITLES = {"bird": "BIRD", "frr": "FRR", "gobgp": "GoBGP", "openbgpd": "OpenBGPD"}
BACKENDS = {"netns": "plain namespaces", "clab": "containerlab"}
GENERATIONS = ("old", "new")


def load_runs(place, labs):
    """{lab: what its run recorded}"""
    files = {lab: place / lab / "cells.json" for lab in labs}
    return {lab: json.loads(file.read_text(encoding="utf-8")) for lab, file in files.items() if file.exists()}


def judge(peer, cell, wanted, outcomes):
    """(mark, explanation, good)"""
    not_applicable = (wanted.get("not_applicable") or {}).get(peer)
    if "failed" in outcomes:
        return "✗", f"`{cell}` × {peer}: failed", False
    if "passed" in outcomes:
        return "✓", "", True
    if not_applicable:
        return "n/a", f"`{cell}` × {peer}: {not_applicable}", True
    return "✗", f"`{cell}` × {peer}: no test ran", False


def _merge_features(kept, runs, generation):
    """Replaces the columns of the peers whose suites ran, their outcomes by cell; returns these peers."""
    refreshed = set()
    for run in runs.values():
        for peer in sorted({cell["peer"] for cell in run["cells"]}):
            outcomes = {}
            for cell in run["cells"]:
                if cell["peer"] == peer:
                    outcomes.setdefault(cell["cell"], []).append(cell["outcome"])
            kept[f"{peer}/{generation}"] = {"version": run["versions"].get(peer, "?"), "cells": outcomes}
            refreshed.add(peer)
    return refreshed


def _features(kept, wanted):
    """(lines, notes, good) of features × peers."""
    columns = [(peer, kept[f"{peer}/{generation}"]) for peer in wanted["peers"] for generation in GENERATIONS if f"{peer}/{generation}" in kept]
    heads = [f"{wanted['peers'][peer]['title']} {column['version']}" for peer, column in columns]
    lines, notes = ["| feature | " + " | ".join(heads) + " |", "|---|" + "---|" * len(columns)], []
    absent = sorted(set(wanted["peers"]) - {peer for peer, _ in columns})
    good = not absent
    notes += [f"no suite ran for: {', '.join(absent)}"] if absent else []
    for cell, entry in wanted["cells"].items():
        row = []
        for peer, column in columns:
            mark, note, fine = judge(peer, cell, entry, column["cells"].get(cell, []))
            row.append(mark)
            good = good and fine
            if note and note not in notes:
                notes.append(note)
        lines.append(f"| {entry['title']} | " + " | ".join(row) + " |")
    return lines, notes, good


def _lab_cell(run):
    if run is None:
        return "not run"
    mark = "✗" if run["failed"] else "✓"
    text = f"{mark} {run['passed']} of {run['passed'] + run['failed']}"
    return text + (f", {run['skipped']} skipped" if run["skipped"] else "")


def _labs(kept):
    """The lines of labs × backends × versions."""
    lines = ["| lab | peers | " + " | ".join(BACKENDS.values()) + " |", "|---|---|" + "---|" * len(BACKENDS)]
    for lab, runs in sorted(kept.items()):
        for generation in GENERATIONS:
            found = {backend: runs[f"{backend}/{generation}"] for backend in BACKENDS if f"{backend}/{generation}" in runs}
            if not found:
                continue
            versions = next(iter(found.values()))["versions"]
            peers = ", ".join(f"{TITLES[kind]} {version}" for kind, version in sorted(versions.items()) if kind in TITLES)
            lines.append(f"| {lab} | {peers or 'podbgpd only'} | " + " | ".join(_lab_cell(found.get(backend)) for backend in BACKENDS) + " |")
    return lines


def write(place, labs, target, backend, generation, complete):
    """Adds the runs of `labs` to what is kept and writes the page; false if a cell that must be there is red.

    A run of all labs with the default peers (`complete`) must have filled the column of every peer; one without any suite is not judged by the cells."""
    target = pathlib.Path(target)
    store = target.with_suffix(".json")
    wanted = yaml.safe_load(CELLS.read_text(encoding="utf-8"))
    kept = json.loads(store.read_text(encoding="utf-8")) if store.exists() else {"features": {}, "labs": {}}
    runs = load_runs(place, labs)
    # The suites' cells are the same in containers; one place is enough for the page.
    refreshed = _merge_features(kept["features"], runs, generation) if backend == "netns" else set()
    if complete and backend == "netns" and generation == "old":
        for peer in set(wanted["peers"]) - refreshed:
            kept["features"].pop(f"{peer}/{generation}", None)
    every = {file.parent.name for file in (CELLS.parent / "labs").glob("*/*.clab.yml")}
    for lab, run in runs.items():
        kept["labs"].setdefault(lab, {})[f"{backend}/{generation}"] = {"versions": run["versions"], **run["tests"]}
    kept["labs"] = {lab: entry for lab, entry in sorted(kept["labs"].items()) if lab in every}
    store.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")

    table, notes, good = _features(kept["features"], wanted)
    lines = ["# Interoperability", "",
             "Generated by `interop/run --matrix docs/interop.md`, which keeps the results of other backends and peers in `docs/interop.json`; the required cells",
             "are listed in `interop/cells.yml`. Every cell is checked in three places where they exist: the peer's table, our API, the kernel. Speakers are those of",
             "Debian 12, BIRD 3 and FRR 10 those of Debian 13.", "", "## Features", "", *table, *([""] if notes else []), *(f"- {note}" for note in notes),
             "", "## Labs", "", "Tests passed, of those that ran, by lab, peers (`--peers old` or `new`) and backend (`--backend netns` or `clab`).", "", *_labs(kept["labs"])]
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    red = [note for note in notes if "no test ran" in note or "failed" in note or "no suite" in note]
    if not refreshed and not complete:
        print(f"matrix: {target}: labs added")
        return True
    print(f"matrix: {target}: " + ("every required cell is green" if good else "RED cells: " + "; ".join(red)))
    return good
