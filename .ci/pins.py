"""Writes constraints.txt: the exact version of everything that tpugen and its checks need, as installed now.

Run with the environment's own Python after changing a dependency in pyproject.toml:

    .venv/bin/python .ci/pins.py > constraints.txt
"""

from __future__ import annotations

import re
import sys
from importlib import metadata

from packaging.requirements import Requirement
from packaging.version import Version

HEADER = """\
# Exact versions of all Python packages that tpugen and its checks use. Written by .ci/pins.py; do not edit.
# `make` installs with these; `pip install -c constraints.txt .` does the same by hand.
"""
BUILD_TOOLS = ("setuptools", "wheel")


def canonical(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def closure(names: list[tuple[str, frozenset[str]]]) -> dict[str, str]:
    """Version of every package that the named ones (with extras) need on this Python, by canonical name."""
    versions: dict[str, str] = {}
    done: set[tuple[str, str]] = set()
    while names:
        name, extras = names.pop()
        distribution = metadata.distribution(name)
        # A local suffix such as +cpu names one index's build; the pin holds for every build of that version.
        versions[canonical(name)] = Version(distribution.version).public
        fresh = {extra for extra in {"", *extras} if (canonical(name), extra) not in done}
        done |= {(canonical(name), extra) for extra in fresh}
        for requirement in map(Requirement, distribution.requires or []):
            marker = requirement.marker
            if fresh and (marker is None or any(marker.evaluate({"extra": extra}) for extra in fresh)):
                names.append((requirement.name, frozenset(requirement.extras)))
    return versions


def main() -> None:
    """Print the pins."""
    names: list[tuple[str, frozenset[str]]] = [("tpugen", frozenset({"dev"}))]
    names += [(name, frozenset()) for name in BUILD_TOOLS]
    versions = closure(names)
    del versions["tpugen"]
    sys.stdout.write(HEADER + "".join(f"{name}=={version}\n" for name, version in sorted(versions.items())))


if __name__ == "__main__":
    main()
