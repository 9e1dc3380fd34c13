"""The suite of lib/suite.py against OpenBGPD."""

from lib.suite import *  # noqa: F403  (pytest collects the tests from here)

PEER = "openbgpd"
