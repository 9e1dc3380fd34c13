"""Adapters: one class for each daemon that a lab can hold, by the value of the label podbgp.lab/daemon."""

from lib.speakers.bird import Bird
from lib.speakers.frr import Frr
from lib.speakers.gobgp import GoBgp
from lib.speakers.openbgpd import OpenBgpd
from lib.speakers.podbgp import PodBgp

SPEAKERS = {cls.kind: cls for cls in (Bird, Frr, GoBgp, OpenBgpd, PodBgp)}
