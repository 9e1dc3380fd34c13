"""Reads the documented subset of containerlab's topology files (interop/README.md, "Topologies").

What is outside the subset is an error with the place, never ignored: a lab that runs here also deploys with containerlab.
"""

import dataclasses
import os
import pathlib
import re

import yaml

TOP_KEYS = {"name", "prefix", "mgmt", "topology"}
TOPOLOGY_KEYS = {"defaults", "kinds", "groups", "nodes", "links"}
# Keys a backend acts on.
NODE_KEYS = {"kind", "group", "image", "binds", "exec", "env", "sysctls", "labels", "network-mode", "cmd"}
# Keys that say something to containerlab only: how a container is to be held, which a namespace does not need.
CONTAINER_KEYS = {"privileged", "cap-add", "image-pull-policy", "restart-policy", "entrypoint", "startup-delay"}
RESERVED = {"host", "mgmt-net", "macvlan", "dummy"}  # as a link's end they mean something else to containerlab
LABEL = "podbgp.lab/"
# $$, ${NAME}, ${NAME:=text}, ${NAME:-text}, $NAME. A name does not begin with a digit: $1 stays as it is.
VARIABLE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<braced>[A-Za-z_]\w*)(?::[=-](?P<default>[^}$\n]*))?\}|(?P<plain>[A-Za-z]\w*))")
STRANGE = re.compile(r"\$\{(?!\d)|\{\{")


class TopologyError(Exception):
    """A topology outside the subset; the text names file, place and remedy."""


@dataclasses.dataclass
class Bind:
    source: pathlib.Path  # absolute
    target: str
    read_only: bool


@dataclasses.dataclass
class NodeSpec:
    name: str
    image: str
    binds: list
    exec: list
    env: dict
    sysctls: dict
    labels: dict  # without the prefix podbgp.lab/
    daemon: str | None  # the label podbgp.lab/daemon


@dataclasses.dataclass
class LinkSpec:
    ends: tuple  # ((node, interface), (node, interface))


@dataclasses.dataclass
class Topology:
    name: str
    path: pathlib.Path
    nodes: dict
    links: list

    @property
    def folder(self):
        return self.path.parent


def _only(mapping, allowed, path, where):
    if not isinstance(mapping, dict):
        raise TopologyError(f"{path}: {where}: expected a mapping")
    for key in mapping:
        if key not in allowed:
            raise TopologyError(f"{path}: {where}: key '{key}' is outside the subset that all backends know ({', '.join(sorted(allowed))})")


def _merged(data, name, node, path):
    """containerlab's inheritance: defaults, then kind, then group, then the node; lists are joined, mappings merged."""
    layers = [data.get("defaults") or {}]
    kind = node.get("kind") or layers[0].get("kind") or "linux"
    if kind != "linux":
        raise TopologyError(f"{path}: topology.nodes.{name}.kind: only 'linux' is in the subset, not '{kind}'")
    layers.append((data.get("kinds") or {}).get(kind) or {})
    group = node.get("group")
    if group:
        if group not in (data.get("groups") or {}):
            raise TopologyError(f"{path}: topology.nodes.{name}.group: there is no group '{group}'")
        layers.append(data["groups"][group] or {})
    layers.append(node)
    result = {}
    for layer in layers:
        _only(layer, NODE_KEYS | CONTAINER_KEYS, path, f"topology.nodes.{name}")
        for key, value in layer.items():
            if key in ("binds", "exec"):
                result[key] = result.get(key, []) + list(value or [])
            elif key in ("env", "sysctls", "labels"):
                result[key] = {**result.get(key, {}), **(value or {})}
            else:
                result[key] = value
    return result


def _bind(text, path, name):
    parts = text.split(":")
    if len(parts) not in (2, 3) or not parts[1].startswith("/"):
        raise TopologyError(f"{path}: topology.nodes.{name}.binds: '{text}' is not SOURCE:/TARGET[:ro]")
    source = pathlib.Path(parts[0])
    if not source.is_absolute():
        source = path.parent / source
    return Bind(source.resolve(), parts[1], len(parts) == 3 and "ro" in parts[2].split(","))


def _node(data, name, node, path):
    if name in RESERVED:
        raise TopologyError(f"{path}: topology.nodes.{name}: containerlab reserves this name: take another")
    merged = _merged(data, name, node or {}, path)
    if "image" not in merged:
        raise TopologyError(f"{path}: topology.nodes.{name}: no image")
    if merged.get("network-mode") != "none":
        raise TopologyError(f"{path}: topology.nodes.{name}: network-mode must be 'none': labs need no management network")
    labels = {}
    for key, value in merged.get("labels", {}).items():
        if not key.startswith(LABEL):
            raise TopologyError(f"{path}: topology.nodes.{name}.labels: '{key}' does not begin with '{LABEL}'")
        labels[key[len(LABEL):]] = str(value)
    return NodeSpec(
        name=name,
        image=merged["image"],
        binds=[_bind(text, path, name) for text in merged.get("binds", [])],
        exec=list(merged.get("exec", [])),
        env={key: str(value) for key, value in merged.get("env", {}).items()},
        sysctls={key: str(value) for key, value in merged.get("sysctls", {}).items()},
        labels=labels,
        daemon=labels.get("daemon"),
    )


def substituted(text, path, environment):
    """The text of a topology file with its variables replaced, as containerlab does it: one that is unset or empty, and has no
    default, stays as it is written."""
    def value(found):
        if found["dollar"]:
            return "$"
        name = found["braced"] or found["plain"]
        fallback = f"${name}" if found["default"] is None else found["default"]
        return environment.get(name) or fallback

    strange = STRANGE.search(VARIABLE.sub("", text))
    if strange:
        raise TopologyError(f"{path}: '{strange[0]}': of containerlab's templates only $NAME, ${{NAME}} and ${{NAME:=default}} are in the subset ($$ is a dollar)")
    return VARIABLE.sub(value, text)


def load(path, environment=None):
    path = pathlib.Path(path).resolve()
    try:
        data = yaml.safe_load(substituted(path.read_text(encoding="utf-8"), path, os.environ if environment is None else environment))
    except yaml.YAMLError as error:
        raise TopologyError(f"{path}: {error}") from error
    _only(data, TOP_KEYS, path, "top level")
    body = data.get("topology") or {}
    _only(body, TOPOLOGY_KEYS, path, "topology")
    nodes = {name: _node(body, name, node, path) for name, node in (body.get("nodes") or {}).items()}
    links, used = [], set()
    for index, link in enumerate(body.get("links") or []):
        _only(link, {"endpoints"}, path, f"topology.links[{index}]")
        ends = tuple(tuple(end.split(":")) for end in link["endpoints"])
        for node, interface in ends:
            if node not in nodes:
                raise TopologyError(f"{path}: topology.links[{index}]: there is no node '{node}'")
            if (node, interface) in used:
                raise TopologyError(f"{path}: topology.links[{index}]: {node}:{interface} is used twice")
            if len(interface) > 15:
                raise TopologyError(f"{path}: topology.links[{index}]: '{interface}' is longer than 15 characters")
            used.add((node, interface))
        links.append(LinkSpec(ends))
    return Topology(data["name"], path, nodes, links)
