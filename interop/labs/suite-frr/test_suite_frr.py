"""The suite of lib/suite.py against FRR."""

from lib.suite import *  # noqa: F403  (pytest collects the tests from here)

PEER = "frr"
