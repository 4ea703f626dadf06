"""Loads the plugins named in the settings. An ambiguous or invalid configuration stops the start."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import pluggy

from tornchat.config.sections import SECTIONS
from tornchat.config.settings import DEADLINES, Settings
from tornchat.errors import SettingsError
from tornchat.hooks import specs
from tornchat.hooks.calls import Hooks
from tornchat.hooks.fitness import closest, refuse_misfits
from tornchat.hooks.implementation import Implementation
from tornchat.hooks.offers import Offer, choose, class_of, installed, refuse_repeats, settings_type
from tornchat.hooks.specs import HOOKS
from tornchat.hooks.words import one_line


class Plugin(NamedTuple):
    """A loaded plugin: its name in the settings, its distribution, and the hooks it implements."""

    name: str
    distribution: str
    settings_type: type[msgspec.Struct]
    hooks: tuple[str, ...]
    roles: tuple[str, ...]


class Loaded(NamedTuple):
    """The loaded plugins of one chat, and the object that calls their hooks."""

    plugins: tuple[Plugin, ...]
    hooks: Hooks
    sections: Mapping[str, msgspec.Struct]
    """Plugin -> its settings, as it was made with them."""


def load_plugins(
    settings: Settings, extra: Mapping[str, type] | None = None, filled: Collection[str] = ()
) -> Loaded:
    """Load the plugins named in `[tornchat] plugins`.

    `extra` maps names to additional plugin classes, which are found like entry points. `filled` are hooks
    that need no plugin, since the host's application does what they are for. Raises `SettingsError`, with a
    suggested correction, if the configuration is ambiguous or invalid.
    """
    manager = pluggy.PluginManager(specs.PROJECT)
    manager.add_hookspecs(type("Hooks", (), {name: hook.function for name, hook in HOOKS.items()}))
    offers = choose(settings.tornchat.plugins, extra or {})
    refuse_repeats(offers)
    sections = {offer.name: _register(manager, offer, settings) for offer in offers}
    types = {name: type(section) for name, section in sections.items()}
    implementations = _implementations(manager, [offer.name for offer in offers])
    _refuse_unfilled_roles(implementations, filled)
    refuse_unknown_sections(settings, types)
    plugins = tuple(_describe(offer, types[offer.name], implementations) for offer in offers)
    return Loaded(plugins, Hooks(implementations, settings.deadlines), sections)


def _register(manager: pluggy.PluginManager, offer: Offer, settings: Settings) -> msgspec.Struct:
    factory = class_of(offer)
    section = settings.section(offer.name, settings_type(offer))
    try:
        plugin = factory(section) if hasattr(factory, "Settings") else factory()
    except SettingsError:
        raise
    except Exception as error:
        what = f"The plugin {offer.name} ({offer.distribution}) can't be made: {error!r}."
        raise SettingsError(
            what,
            "A plugin with a Settings type is made with one argument, its settings; one without, with none.",
        ) from error
    refuse_misfits(offer.name, plugin)
    try:
        manager.register(plugin, offer.name)
    except pluggy.PluginValidationError as error:
        raise SettingsError(
            f"The plugin {offer.name} fits no hook: {one_line(error)}.",
            "docs/hooks names every hook and its arguments.",
        ) from None
    return section


def _implementations(
    manager: pluggy.PluginManager, names: Sequence[str]
) -> dict[str, tuple[Implementation, ...]]:
    found: dict[str, tuple[Implementation, ...]] = {}
    for hook in HOOKS:
        caller = getattr(manager.hook, hook)
        by_plugin = {impl.plugin_name: impl for impl in caller.get_hookimpls()}
        arguments = caller.spec.argnames
        found[hook] = tuple(
            Implementation(name, hook, _narrowed(by_plugin[name], arguments))
            for name in names
            if name in by_plugin
        )
    return found


def _narrowed(impl: pluggy.HookImpl, arguments: Sequence[str]) -> Callable[..., Any]:
    """Return a function that passes only the arguments that the implementation takes."""
    if tuple(impl.argnames) == tuple(arguments):
        return impl.function
    places = [arguments.index(name) for name in impl.argnames]

    @functools.wraps(impl.function)
    def narrowed(*given: Any) -> Any:
        return impl.function(*[given[place] for place in places])

    return narrowed


def _refuse_unfilled_roles(
    implementations: Mapping[str, Sequence[Implementation]], filled: Collection[str]
) -> None:
    for name, hook in HOOKS.items():
        promise = hook.promise
        names = [implementation.plugin for implementation in implementations[name]]
        if promise.required and not names and name not in filled:
            raise SettingsError(
                f"Nobody fills the role {promise.role} ({name}).",
                f"Add a plugin that does to [tornchat] plugins; installed are: {_installed_names()}.",
            )
        if hook.verb == "one" and len(names) > 1:
            raise SettingsError(
                f"{' and '.join(names)} both provide {name}, which only one may.",
                "Take one of them out of [tornchat] plugins.",
            )


def _installed_names() -> str:
    return ", ".join(sorted({offer.name for offer in installed()})) or "none"


def refuse_unknown_sections(settings: Settings, plugins: Collection[str]) -> None:
    """Raise `SettingsError` for a section that belongs to none of these plugins, or a deadline of no hook."""
    known = [*SECTIONS, DEADLINES, *plugins]
    for section in settings.section_names():
        if section not in known:
            near = difflib.get_close_matches(section, known, n=1)
            cure = (
                f"Did you mean [{near[0]}]?"
                if near
                else "Name its plugin in [tornchat] plugins, or remove it."
            )
            raise SettingsError(f"The section [{section}] belongs to no loaded plugin.", cure)
    for hook in settings.deadlines:
        if hook not in HOOKS:
            cure = closest(hook, "docs/hooks names every hook.")
            raise SettingsError(f"[deadlines] {hook} is not a hook.", cure)


def _describe(
    offer: Offer, form: type[msgspec.Struct], implementations: Mapping[str, Sequence[Implementation]]
) -> Plugin:
    hooks = tuple(h for h, found in implementations.items() if any(i.plugin == offer.name for i in found))
    roles = tuple(dict.fromkeys(HOOKS[hook].promise.role for hook in hooks))
    return Plugin(offer.name, offer.distribution, form, hooks, roles)
