#!/usr/bin/python3
"""The JSON Schema says what the parser says, as far as a schema can: it takes every example and every file that is only warned
of, and refuses every broken file but those which say at their top that a schema cannot see what is wrong with them.

    schema_test.py REPOSITORY [SCHEMA]      SCHEMA: default docs/podbgp.schema.json
"""
import json
import pathlib
import re
import sys

import jsonschema
import yaml

UNSEEN = "# The schema cannot see this."


class Yaml12(yaml.SafeLoader):
    """PyYAML with the core schema of YAML 1.2, which editors use: on and off are text, 65101:59 is no number."""


Yaml12.yaml_implicit_resolvers = {}
for tag, pattern, first in [
    ("tag:yaml.org,2002:bool", r"^(true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("tag:yaml.org,2002:int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("tag:yaml.org,2002:float", r"^[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?$", "-+0123456789."),
    ("tag:yaml.org,2002:null", r"^(~|null|Null|NULL|)$", ["~", "n", "N", ""]),
]:
    Yaml12.add_implicit_resolver(tag, re.compile(pattern), list(first))


def verdict(validator, path):
    """None: fits. Else why not."""
    try:
        document = yaml.load(path.read_text(), Loader=Yaml12)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        return f"no YAML: {str(error).splitlines()[0]}"
    error = jsonschema.exceptions.best_match(validator.iter_errors(document))
    return None if error is None else f"{'/'.join(map(str, error.absolute_path))}: {error.message}"


def main():
    root = pathlib.Path(sys.argv[1])
    schema = json.loads((pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else root / "docs/podbgp.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    good = sorted((root / "deploy/examples").glob("*.yaml")) + sorted((root / "tests/config/warned").glob("*.yaml"))
    broken = sorted((root / "tests/config/broken").glob("*.yaml"))
    assert len(good) > 10 and len(broken) > 50, "files are missing"
    failures = []
    for path in good:
        if (why := verdict(validator, path)) is not None:
            failures.append(f"{path.name} is right, and the schema refuses it: {why}")
    for path in broken:
        unseen = path.read_bytes().startswith(UNSEEN.encode())
        why = verdict(validator, path)
        if why is None and not unseen:
            failures.append(f"{path.name} is broken, and the schema takes it")
        if why is not None and unseen:
            failures.append(f"{path.name}: the schema does see it ({why}); remove the line at its top")
    print("\n".join(failures) or f"{len(good)} right and {len(broken)} broken files agree with the schema")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
