"""Options that several commands take: az finds them in the signature of each, and they arrive where they are read."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from inspect import Parameter, isfunction, signature
from typing import Any

import pytest

from azext_pythonapp import custom
from azext_pythonapp.custom.shared_options import with_options_of


def read(first: Any = None, *, size: int = 5, name: str | None = None) -> tuple[Any, int, str | None]:
    return first, size, name


@with_options_of(read)
def command(cmd: Any, target: str, slot: str | None = None, **options: Any) -> Any:
    return read(target, **options)


def functions() -> dict[str, Callable[..., Any]]:
    """Every function of custom/ by its dotted name."""
    modules = (
        importlib.import_module(f"{custom.__name__}.{each.name}") for each in pkgutil.iter_modules(custom.__path__)
    )
    return {
        f"{module.__name__}.{name}": value
        for module in modules
        for name, value in vars(module).items()
        if isfunction(value) and value.__module__ == module.__name__
    }


def test_a_signature_has_the_shared_options() -> None:
    found = {name: each.default for name, each in signature(command).parameters.items()}
    assert found == {"cmd": Parameter.empty, "target": Parameter.empty, "slot": None, "size": 5, "name": None}


def test_what_is_given_arrives() -> None:
    assert command(cmd=None, target="shop", size=7) == ("shop", 7, None)
    assert command(cmd=None, target="shop", slot=None, size=5, name="x") == ("shop", 5, "x")


def test_an_option_of_no_list_is_refused() -> None:
    with pytest.raises(TypeError, match="colour"):
        command(cmd=None, target="shop", colour="red")


def test_an_option_is_not_in_both_lists() -> None:
    with pytest.raises(ValueError, match="size"):

        @with_options_of(read)
        def twice(cmd: Any, size: int = 3, **options: Any) -> None:
            """It has a size of its own."""


@pytest.mark.parametrize("name, function", functions().items())
def test_az_can_name_each_option(name: str, function: Callable[..., Any]) -> None:
    """A parameter that takes what is left over would become a required option of that name."""
    kinds = {each.kind for each in signature(function).parameters.values()}
    assert not kinds & {Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL}, name


def test_publish_switches_as_set_version_does() -> None:
    every = functions()
    publish = signature(every["azext_pythonapp.custom.publish.publish_folder"]).parameters
    switch = signature(every["azext_pythonapp.custom.runtime.set_python_version"]).parameters
    assert set(publish) - set(switch) == {"src", "exclude", "clean"}
    assert set(switch) - set(publish) == set()
