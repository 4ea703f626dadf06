"""Loads the plugins named in the settings. An ambiguous or invalid configuration stops the start.

The default plugins are found through the entry-point group `tornchat`, in the same way as third-party
plugins. Plugins that are not named are never imported.
"""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any, NamedTuple

import msgspec
import pluggy

from tornchat.config.sections import SECTIONS
from tornchat.config.settings import DEADLINES, Settings
from tornchat.errors import SettingsError
from tornchat.hooks import specs
from tornchat.hooks.caller import Implementation, promises
from tornchat.hooks.calls import Hooks

GROUP = "tornchat"


class NoSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings section of a plugin without settings."""


class Offer(NamedTuple):
    """A plugin that can be loaded: its name, its distribution, and a function that imports its class."""

    name: str
    distribution: str
    load: Callable[[], Any]


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


def load_plugins(settings: Settings, extra: Mapping[str, type] | None = None) -> Loaded:
    """Load the plugins named in `[tornchat] plugins`.

    `extra` maps names to additional plugin classes, which are found like entry points. Raises
    `SettingsError`, with a suggested correction, if the configuration is ambiguous or invalid.
    """
    manager = pluggy.PluginManager(specs.PROJECT)
    for module in specs.MODULES:
        manager.add_hookspecs(module)
    offers = [choose(name, extra or {}) for name in settings.tornchat.plugins]
    refuse_repeats(offers)
    types = {offer.name: _register(manager, offer, settings) for offer in offers}
    implementations = _implementations(manager, [offer.name for offer in offers])
    _refuse_unfilled_roles(implementations)
    _refuse_unknown_sections(settings, types)
    plugins = tuple(_describe(offer, types[offer.name], implementations) for offer in offers)
    return Loaded(plugins, Hooks(implementations, settings.deadlines))


def installed() -> list[Offer]:
    """Return all installed plugins, sorted by name, without importing them."""
    found = {}
    for point in entry_points(group=GROUP):
        offer = _offer(point)
        found[offer.name, offer.distribution, point.value] = offer
    return [found[key] for key in sorted(found)]


def choose(wanted: str, extra: Mapping[str, type]) -> Offer:
    """Return the plugin that `name` or `distribution:name` identifies. Raises `SettingsError`."""
    distribution, _, name = wanted.rpartition(":")
    if wanted in extra:
        return Offer(wanted, "this application", lambda: extra[wanted])
    offers = [offer for offer in installed() if offer.name == name]
    fitting = [offer for offer in offers if not distribution or offer.distribution == distribution]
    if not fitting:
        raise _unknown(wanted, [offer.name for offer in installed()] + list(extra))
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
    form = getattr(_class(offer), "Settings", NoSettings)
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


def _class(offer: Offer) -> type:
    try:
        found = offer.load()
    except Exception as error:
        what = f"The plugin {offer.name} ({offer.distribution}) can't be imported: {error!r}."
        raise SettingsError(what, "Install what it needs, or take it out of [tornchat] plugins.") from error
    if not inspect.isclass(found):
        raise SettingsError(f"The plugin {offer.name} is no class.", "Its entry point must name a class.")
    return found


def _register(manager: pluggy.PluginManager, offer: Offer, settings: Settings) -> type[msgspec.Struct]:
    factory = _class(offer)
    form = settings_type(offer)
    section = settings.section(offer.name, form)
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
    _refuse_unmarked(offer.name, factory)
    _refuse_optional(offer.name, factory)
    try:
        manager.register(plugin, offer.name)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise _misfit(offer.name, error) from None
    for caller in manager.get_hookcallers(plugin) or ():
        _refuse_order(offer.name, caller)
        _refuse_unfilled_arguments(offer.name, caller)
    return form


def _refuse_optional(name: str, factory: type) -> None:
    """Refuse `optionalhook`. Pluggy does not check its name, so a misspelt hook would never be called."""
    for attribute in dir(factory):
        marks = getattr(getattr(factory, attribute, None), f"{specs.PROJECT}_impl", None)
        if marks is not None and marks["optionalhook"]:
            raise SettingsError(
                f"The plugin {name} marks {attribute} as an optionalhook.", "Use a plain @hookimpl."
            )


def _refuse_unmarked(name: str, factory: type) -> None:
    for hook in promises():
        method = getattr(factory, hook, None)
        if method is not None and not hasattr(method, f"{specs.PROJECT}_impl"):
            raise SettingsError(
                f"The plugin {name} has a method {hook} without a mark.", "Put @hookimpl over it."
            )


def _misfit(name: str, error: pluggy.PluginValidationError) -> SettingsError:
    words = str(error).splitlines()[-1] if "unknown hook" not in str(error) else str(error)
    spelled = words.split("'")[1] if "unknown hook" in words else ""
    near = difflib.get_close_matches(spelled, list(promises()), n=1)
    cure = f"Did you mean {near[0]}?" if near else "docs/hooks names every hook and its arguments."
    return SettingsError(f"The plugin {name} fits no hook: {words}.", cure)


def _refuse_order(name: str, caller: pluggy.HookCaller) -> None:
    for impl in caller.get_hookimpls():
        if impl.plugin_name == name and (impl.tryfirst or impl.trylast or impl.wrapper or impl.hookwrapper):
            raise SettingsError(
                f"The plugin {name} marks {caller.name} as a wrapper, tryfirst or trylast.",
                "The order in [tornchat] plugins is the only order; use a plain @hookimpl.",
            )


def _refuse_unfilled_arguments(name: str, caller: pluggy.HookCaller) -> None:
    """Refuse arguments that pluggy does not pass: those with a default and keyword-only ones."""
    for impl in caller.get_hookimpls():
        unfilled = sorted(set(inspect.signature(impl.function).parameters) - {*impl.argnames})
        if impl.plugin_name == name and unfilled:
            raise SettingsError(
                f"The plugin {name} would never be given {', '.join(unfilled)} in {caller.name}.",
                "Take the hook's arguments as plain ones, without a default; docs/hooks names them.",
            )


def _implementations(
    manager: pluggy.PluginManager, names: Sequence[str]
) -> dict[str, tuple[Implementation, ...]]:
    found: dict[str, tuple[Implementation, ...]] = {}
    for hook in promises():
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


def _refuse_unfilled_roles(implementations: Mapping[str, Sequence[Implementation]]) -> None:
    for hook, promise in promises().items():
        names = [implementation.plugin for implementation in implementations[hook]]
        if promise.required and not names:
            raise SettingsError(
                f"Nobody fills the role {promise.role} ({hook}).",
                f"Add a plugin that does to [tornchat] plugins; installed are: {_installed_names()}.",
            )
        if promise.verb == "one" and len(names) > 1:
            raise SettingsError(
                f"{' and '.join(names)} both provide {hook}, which only one may.",
                "Take one of them out of [tornchat] plugins.",
            )


def _installed_names() -> str:
    return ", ".join(sorted({offer.name for offer in installed()})) or "none"


def _refuse_unknown_sections(settings: Settings, types: Mapping[str, type]) -> None:
    known = [*SECTIONS, DEADLINES, *types]
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
        if hook not in promises():
            near = difflib.get_close_matches(hook, list(promises()), n=1)
            cure = f"Did you mean {near[0]}?" if near else "docs/hooks names every hook."
            raise SettingsError(f"[deadlines] {hook} is not a hook.", cure)


def _describe(
    offer: Offer, form: type[msgspec.Struct], implementations: Mapping[str, Sequence[Implementation]]
) -> Plugin:
    hooks = tuple(h for h, found in implementations.items() if any(i.plugin == offer.name for i in found))
    roles = tuple(dict.fromkeys(promises()[hook].role for hook in hooks))
    return Plugin(offer.name, offer.distribution, form, hooks, roles)
