"""Waiting for facts: every wait has a deadline, and tells what it saw last when the deadline passes."""

import time

from lib.backend import NodeError

POLL = 0.05


class NotYet(Exception):
    """Raised by a condition that can say why it does not hold yet."""


def expect(value, seen):
    """For conditions: goes on when value is true, else reports what was seen instead."""
    if not value:
        raise NotYet(seen)
    return value


def until(what, condition, within=10.0, poll=POLL):
    """Calls condition until it returns something true (which is returned) or the deadline passes (AssertionError)."""
    start = time.monotonic()
    while True:
        try:
            seen = condition()
            if seen:
                return seen
        except (NotYet, NodeError, AssertionError) as error:
            seen = str(error)
        if time.monotonic() - start > within:
            raise AssertionError(f"{what}: not so within {within:g} s; seen last: {seen}")
        time.sleep(poll)


def throughout(what, condition, during, poll=0.1):
    """Asserts that condition holds all the time for so many seconds."""
    end = time.monotonic() + during
    while time.monotonic() < end:
        try:
            seen = condition()
        except NotYet as error:
            raise AssertionError(f"{what}: no longer so: {error}") from error
        assert seen, f"{what}: no longer so"
        time.sleep(poll)
