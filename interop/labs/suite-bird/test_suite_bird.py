"""The suite of lib/suite.py against BIRD 2."""

from lib.suite import *  # noqa: F403  (pytest collects the tests from here)

PEER = "bird"
