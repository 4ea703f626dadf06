"""The plugins that can be loaded: those installed, and those that an application brings.

The default plugins are found through the entry-point group `tornchat`, in the same way as third-party
plugins. Plugins that are not named are never imported.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any, NamedTuple

import msgspec

from tornchat.errors import SettingsError

GROUP = "tornchat"


class NoSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings section of a plugin without settings."""


class Offer(NamedTuple):
    """A plugin that can be loaded: its name, its distribution, and a function that imports its class."""

    name: str
    distribution: str
    load: Callable[[], Any]


def installed() -> list[Offer]:
    """Return all installed plugins, sorted by name, without importing them."""
    found = {}
    for point in entry_points(group=GROUP):
        offer = _offer(point)
        found[offer.name, offer.distribution, point.value] = offer
    return [found[key] for key in sorted(found)]


def choose(wanted: Iterable[str], extra: Mapping[str, type]) -> list[Offer]:
    """Return the plugins that these names identify, each `name` or `distribution:name`.

    The installed packages are searched once for all, since that takes milliseconds. Raises `SettingsError`.
    """
    offers = installed()
    return [_chosen(one, offers, extra) for one in wanted]


def _chosen(wanted: str, offers: Sequence[Offer], extra: Mapping[str, type]) -> Offer:
    distribution, _, name = wanted.rpartition(":")
    if wanted in extra:
        return Offer(wanted, "this application", lambda: extra[wanted])
    named = [offer for offer in offers if offer.name == name]
    fitting = [offer for offer in named if not distribution or offer.distribution == distribution]
    if not fitting:
        raise _unknown(wanted, [offer.name for offer in offers] + list(extra))
    if len(fitting) > 1:
        names = ", ".join(f"{offer.distribution}:{offer.name}" for offer in fitting)
        raise SettingsError(
            f"The plugin {name} is offered more than once.", f"Write which you mean: {names}."
        )
    return fitting[0]


def refuse_repeats(offers: Sequence[Offer]) -> None:
    """Raise `SettingsError` if a plugin is named more than once."""
    names = [offer.name for offer in offers]
    for name in names:
        if names.count(name) > 1:
            raise SettingsError(f"[tornchat] plugins names {name} more than once.", "Name it once.")


def settings_type(offer: Offer) -> type[msgspec.Struct]:
    """Import the plugin and return the type of its settings section. Raises `SettingsError`."""
    form = getattr(class_of(offer), "Settings", NoSettings)
    if not (inspect.isclass(form) and issubclass(form, msgspec.Struct)):
        raise SettingsError(
            f"The Settings of the plugin {offer.name} are no section.", "Make them a msgspec.Struct."
        )
    return form


def _offer(point: EntryPoint) -> Offer:
    return Offer(point.name, point.dist.name if point.dist else "unknown", point.load)


def _unknown(wanted: str, names: Iterable[str]) -> SettingsError:
    near = difflib.get_close_matches(wanted, list(names), n=1)
    cure = f"Did you mean {near[0]}?" if near else f"Installed are: {', '.join(sorted(names)) or 'none'}."
    return SettingsError(
        f"There is no plugin {wanted!r}.", f"{cure} If it is a package of its own, pip install it."
    )


def class_of(offer: Offer) -> type:
    """Import the plugin and return its class. Raises `SettingsError`."""
    try:
        found = offer.load()
    except Exception as error:
        what = f"The plugin {offer.name} ({offer.distribution}) can't be imported: {error!r}."
        raise SettingsError(what, "Install what it needs, or take it out of [tornchat] plugins.") from error
    if not inspect.isclass(found):
        raise SettingsError(f"The plugin {offer.name} is no class.", "Its entry point must name a class.")
    return found
