"""What a reader sees: tables, figures and sentences made from the numbers. This is ``sw.show``."""

from importlib import import_module


def __getattr__(name: str) -> object:
    """Give a word of the gallery; it is loaded when the first one is used."""
    return getattr(import_module("sessionwise.show.gallery"), name)


def __dir__() -> list[str]:
    return import_module("sessionwise.show.gallery").__all__
