"""The suite of lib/suite.py against GoBGP."""

from lib.suite import *  # noqa: F403  (pytest collects the tests from here)

PEER = "gobgp"
