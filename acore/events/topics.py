"""The files of this room, each of which registers the messages of one topic."""

import importlib
import pkgutil

import acore.events


def load() -> None:
    """Import every topic, so that the catalog has every message acore ever recorded."""
    for module in pkgutil.iter_modules(acore.events.__path__):
        importlib.import_module(f"{acore.events.__name__}.{module.name}")
