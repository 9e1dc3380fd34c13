"""What assertions see of a BGP speaker, whoever wrote it."""

import abc
import dataclasses
import ipaddress
import signal

from lib import waiting


@dataclasses.dataclass(frozen=True)
class Route:
    prefix: str
    next_hops: tuple = ()  # addresses as text; global ones for IPv6
    as_path: tuple = ()  # numbers, sets flattened
    communities: frozenset = frozenset()  # "65101:100"
    local_pref: int | None = None
    med: int | None = None
    best: bool = True
    peer: str | None = None  # who it came from, as the speaker names it; None: itself
    originator: str | None = None  # RFC 4456
    cluster_list: tuple = ()

    def __str__(self):
        star = "*" if self.best else " "
        path = " ".join(map(str, self.as_path)) or "(empty)"
        text = f"{star}{self.prefix} via {','.join(self.next_hops) or '-'} path {path}"
        if self.communities:
            text += f" communities {','.join(sorted(self.communities))}"
        return text


@dataclasses.dataclass(frozen=True)
class Session:
    address: str
    state: str  # the speaker's word
    established: bool
    detail: str = ""


def family(prefix):
    return ipaddress.ip_network(prefix).version


def same(prefix):
    """A prefix in canonical text, so that speakers can be compared."""
    return str(ipaddress.ip_network(prefix))


def address(text):
    return str(ipaddress.ip_address(text.split("%")[0]))


def shortened(text, limit=60000):
    """Head and tail of what is too long to read."""
    return text if len(text) <= limit else f"{text[:limit // 2]}\n[... {len(text) - limit} characters ...]\n{text[-limit // 2:]}"


class Speaker(abc.ABC):
    """An adapter talks to one daemon in one node through the daemon's own tools, never through its files."""

    kind = "?"
    process = "?"  # name of the process
    log_path = None
    writes_kernel = True

    def __init__(self, node):
        self.node = node
        self.name = node.name

    # --- life ---
    @abc.abstractmethod
    def start(self): ...

    def stop(self):
        """Ends the daemon in order and waits until it is gone."""
        self.node.kill(self.process, signal.SIGTERM)
        self.wait_gone()

    def kill(self):
        self.node.kill(self.process, signal.SIGKILL)
        self.wait_gone()

    def running(self):
        return bool(self.node.pidof(self.process))

    def wait_gone(self, within=10):
        waiting.until(f"{self.kind} on {self.name} has ended", lambda: not self.running(), within)

    @abc.abstractmethod
    def version(self): ...

    # --- facts ---
    @abc.abstractmethod
    def sessions(self):
        """{peer address: Session}"""

    @abc.abstractmethod
    def routes(self, prefix):
        """The routes (all paths) that the speaker holds for exactly this prefix."""

    @abc.abstractmethod
    def count(self, version):
        """How many prefixes of the family (4 or 6) it holds."""

    @abc.abstractmethod
    def tables(self):
        """Sessions and routes as its own tool prints them, for people."""

    def best(self, prefix):
        routes = [route for route in self.routes(prefix) if route.best]
        return routes[0] if routes else None

    def established(self, peer):
        session = self.sessions().get(peer)
        return session is not None and session.established

    def log(self):
        return self.node.read_file(self.log_path, check=False) if self.log_path else ""

    # --- deeds ---
    @abc.abstractmethod
    def announce(self, *prefixes): ...

    @abc.abstractmethod
    def withdraw(self, *prefixes): ...

    def reannounce(self, *prefixes):
        """Announces again what a new process of the daemon does not know of."""
        self.announce(*prefixes)

    def hurry(self, peer):
        """Ends a pause that the speaker takes after a lost session, where it has a command for that."""

    def refresh(self, peer):
        """Asks the peer for its routes again (ROUTE-REFRESH)."""
        raise NotImplementedError(f"{self.kind}: refresh of {peer}")

    def dump(self):
        """Everything worth reading after a failure."""
        parts = []
        for title, get in (("running", lambda: str(self.running())), ("state", self.tables), ("log", self.log)):
            try:
                parts.append(f"--- {self.kind} on {self.name}: {title}\n{shortened(get())}")
            except Exception as error:  # the dump must not hide the failure it explains
                parts.append(f"--- {self.kind} on {self.name}: {title}: {error}")
        return "\n".join(parts)
