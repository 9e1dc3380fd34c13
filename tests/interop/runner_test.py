"""The runner of the labs, without a lab: what it makes of topology files and of capability sets."""

import contextlib
import io
import json
import pathlib
import sys
import tempfile
import types
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "interop"))

from lib import images, matrix, privileges, schedule, topology  # noqa: E402

NODE = "name: x\ntopology:\n  nodes:\n    {name}: {{ kind: linux, image: podbgp/host:lab, network-mode: none }}\n"


def load(text):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "x.clab.yml"
        file.write_text(text, encoding="utf-8")
        return topology.load(file, {})


class Variables(unittest.TestCase):
    """As containerlab 0.79 replaces them (its core/file.go, and hellt/envsubst 0.2.0)."""

    def replaced(self, text, **environment):
        return topology.substituted(text, "x.clab.yml", environment)

    def test_a_default_holds_where_the_variable_is_unset_or_empty(self):
        for text in ("bird:${BIRD:=2}", "bird:${BIRD:-2}"):
            self.assertEqual(self.replaced(text), "bird:2")
            self.assertEqual(self.replaced(text, BIRD=""), "bird:2")
            self.assertEqual(self.replaced(text, BIRD="3"), "bird:3")

    def test_unset_without_a_default_stays(self):
        self.assertEqual(self.replaced("a $UNSET ${UNSET}"), "a $UNSET $UNSET")

    def test_set_is_replaced(self):
        self.assertEqual(self.replaced("$HOME/${HOME}", HOME="/r"), "/r//r")

    def test_two_dollars_are_one_and_arguments_of_a_shell_stay(self):
        self.assertEqual(self.replaced("$$NAME $1 ${1} $ x", NAME="y"), "$NAME $1 ${1} $ x")

    def test_what_is_outside_the_subset_is_refused_with_its_file(self):
        for text in ("${X+1}", "${X", "{{ .Name }}"):
            with self.assertRaisesRegex(topology.TopologyError, "x.clab.yml"):
                self.replaced(text)


class Topologies(unittest.TestCase):
    def test_names_that_containerlab_reserves_are_refused(self):
        load(NODE.format(name="server"))
        for name in ("host", "mgmt-net", "macvlan", "dummy"):
            with self.assertRaisesRegex(topology.TopologyError, "reserves"):
                load(NODE.format(name=name))

    def test_every_lab_names_images_of_the_catalogue_with_either_generation_of_peers(self):
        catalogue = images.catalogue()
        files = sorted((ROOT / "interop" / "labs").glob("*/*.clab.yml"))
        self.assertGreater(len(files), 8)
        for file in files:
            for environment in ({}, {"BIRD": "3", "FRR": "10"}):
                for node in topology.load(file, environment).nodes.values():
                    self.assertIn(node.image, catalogue, file)

    def test_every_lab_runs_unprivileged_in_containers(self):
        for file in sorted((ROOT / "interop" / "labs").glob("*/*.clab.yml")):
            text = file.read_text(encoding="utf-8")
            for line in ("privileged: false", "image-pull-policy: Never", 'restart-policy: "no"', "skip-when-unused: true"):
                self.assertIn(line, text, file)


class Schedule(unittest.TestCase):
    """A lab that judges milliseconds has the machine for itself."""

    @staticmethod
    def running(*alone):
        return {number: types.SimpleNamespace(alone=value) for number, value in enumerate(alone)}

    def test_labs_that_run_alone_go_last_and_beside_no_other(self):
        waiting = [("scale", [], True), ("mesh", [], False), ("peers", [], False)]
        self.assertEqual(schedule.next_lab(waiting, self.running(), 2)[0], "mesh")
        self.assertEqual(schedule.next_lab(waiting, self.running(False), 2)[0], "peers")
        self.assertIsNone(schedule.next_lab(waiting, self.running(False), 2))
        self.assertEqual(schedule.next_lab(waiting, self.running(), 2)[0], "scale")
        self.assertIsNone(schedule.next_lab([("mesh", [], False)], self.running(True), 2))

    def test_no_more_than_so_many_at_a_time(self):
        self.assertIsNone(schedule.next_lab([("mesh", [], False)], self.running(False, False), 2))


class Images(unittest.TestCase):
    def test_bases_come_first(self):
        self.assertEqual(images.with_bases(["podbgp/podbgpd:zebra"]), ["podbgp/podbgpd:lab", "podbgp/podbgpd:zebra"])


class Privileges(unittest.TestCase):
    @staticmethod
    def speaker(*statuses):
        text = "".join(f"thread {7 + number}\n{status}" for number, status in enumerate(statuses))
        node = types.SimpleNamespace(pidof=lambda _: [7] if statuses else [], sh=lambda *_, **__: types.SimpleNamespace(stdout=text))
        return types.SimpleNamespace(node=node, process="podbgpd")

    @staticmethod
    def status(**sets):
        values = {"CapInh": 0, "CapPrm": 0x1400, "CapEff": 0x1400, "CapBnd": 0x1400, "CapAmb": 0} | sets
        return "Name:\tpodbgpd\n" + "".join(f"{name}:\t{bits:016x}\n" for name, bits in values.items())

    def test_the_two_and_nothing_else(self):
        self.assertEqual(privileges.excess(self.speaker(self.status(), self.status())), [])

    def test_each_set_of_each_thread_is_looked_at(self):
        for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            found = privileges.excess(self.speaker(self.status(), self.status(**{name: 0x3400})))
            self.assertEqual(len(found), 1)
            self.assertRegex(found[0], f"thread 8 .*{name}")

    def test_too_little_is_as_wrong(self):
        self.assertTrue(privileges.excess(self.speaker(self.status(CapPrm=0x1000))))

    def test_one_that_does_not_run_has_no_excess(self):
        self.assertEqual(privileges.excess(self.speaker()), [])


class Matrix(unittest.TestCase):
    """A run of one kind leaves the results of the others alone."""

    def run_of(self, folder, backend, generation, lab, versions, cells, complete=False):
        place = pathlib.Path(folder) / backend / lab
        place.mkdir(parents=True, exist_ok=True)
        (place / "cells.json").write_text(json.dumps({
            "lab": lab, "versions": versions, "tests": {"passed": 4, "failed": 0, "skipped": 0}, "cells": cells}), encoding="utf-8")
        with contextlib.redirect_stdout(io.StringIO()):
            self.good = matrix.write(place.parent, [lab], pathlib.Path(folder) / "interop.md", backend, generation, complete)
        return (pathlib.Path(folder) / "interop.md").read_text(encoding="utf-8")

    def test_backends_and_generations_are_kept_side_by_side(self):
        cells = [{"peer": "bird", "cell": "ebgp", "outcome": "passed"}]
        with tempfile.TemporaryDirectory() as folder:
            self.run_of(folder, "netns", "old", "suite-bird", {"bird": "2.0.12"}, cells)
            self.run_of(folder, "netns", "new", "suite-bird", {"bird": "3.1.8"}, cells)
            page = self.run_of(folder, "clab", "old", "suite-bird", {"bird": "2.0.12"}, [])
        self.assertIn("BIRD 2.0.12 | BIRD 3.1.8 |", page)
        self.assertIn("| suite-bird | BIRD 2.0.12 | ✓ 4 of 4 | ✓ 4 of 4 |", page)
        self.assertIn("| suite-bird | BIRD 3.1.8 | ✓ 4 of 4 | not run |", page)

    def test_a_required_cell_that_no_test_filled_is_red(self):
        cells = [{"peer": "bird", "cell": "ebgp", "outcome": "passed"}]
        with tempfile.TemporaryDirectory() as folder:
            self.run_of(folder, "netns", "old", "suite-bird", {"bird": "2.0.12"}, cells)
            self.assertFalse(self.good)

    def test_a_run_without_suites_is_not_judged_unless_it_is_of_all_labs(self):
        with tempfile.TemporaryDirectory() as folder:
            self.run_of(folder, "clab", "old", "tor-bird", {"bird": "2.0.12"}, [])
            self.assertTrue(self.good)
            self.run_of(folder, "netns", "old", "tor-bird", {"bird": "2.0.12"}, [], complete=True)
            self.assertFalse(self.good)


if __name__ == "__main__":
    unittest.main()
