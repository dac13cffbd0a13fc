"""Locks for tests, as text."""

from __future__ import annotations

SHA = "0123456789abcdef" * 4
HEAD = 'lock-version = "1.0"\ncreated-by = "a test"\n'


def wheel(name: str, place: str = "https://files.example", hashes: str = f'sha256 = "{SHA}"') -> str:
    """An inline table of a wheel."""
    return f'{{name = "{name}", url = "{place}/{name}", hashes = {{{hashes}}}}}'


def package(name: str, version: str, *wheels: str, more: str = "") -> str:
    """A package of wheels, given by their names."""
    rows = ", ".join(each if each.startswith("{") else wheel(each) for each in wheels)
    listed = f"wheels = [{rows}]\n" if wheels else ""
    return f'\n[[packages]]\nname = "{name}"\nversion = "{version}"\n{more}{listed}'


def lock(*packages: str, head: str = HEAD) -> bytes:
    """A whole lock."""
    return (head + "".join(packages) if packages else head + "packages = []\n").encode("utf-8")


SIX = package("six", "1.16.0", "six-1.16.0-py2.py3-none-any.whl")
