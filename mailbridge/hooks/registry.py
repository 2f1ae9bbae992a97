"""`Registry`: the pluggy plugin manager of one Mailer, and the order of its plugins."""

from __future__ import annotations

import pluggy

from mailbridge.errors import ConfigError
from mailbridge.hooks import specification
from mailbridge.hooks.implementation import Implementation
from mailbridge.settings.problems import sentence

_PREFIX = specification.PROJECT + "_"
_HOOKS = tuple(name for name in vars(specification) if name.startswith(_PREFIX))


class Registry:
    """What is registered. pluggy checks the implementations; the host calls them, in its own order."""

    def __init__(self) -> None:
        self.plugins: dict[str, object] = {}
        self._manager = pluggy.PluginManager(specification.PROJECT)
        self._manager.add_hookspecs(specification)

    def add(self, plugin: object, name: str | None) -> str:
        """Register a plugin and return its name; raise ConfigError and leave nothing behind."""
        name = self._free_name(plugin) if name is None else name
        if isinstance(plugin, type):
            raise ConfigError(f"The plugin {name!r} is a class; register an instance, {plugin.__name__}().")
        if unmarked := _unmarked(plugin):
            raise ConfigError(
                f"{unmarked} of the plugin {name!r} is not marked @hookimpl, so it would never be called."
            )
        try:
            self._manager.register(plugin, name)
        except (ValueError, pluggy.PluginValidationError) as error:
            if name in self.plugins or plugin in self.plugins.values():
                raise ConfigError(f"The plugin {name!r} is registered already.") from None
            if self._manager.has_plugin(name):
                self._manager.unregister(name=name)
            raise ConfigError(f"The plugin {name!r} cannot be registered: {' '.join(str(error).split())}.") from None
        if flaw := self._flaw(plugin):
            self._manager.unregister(plugin)
            raise ConfigError(sentence(f"The plugin {name!r} {flaw}"))
        self.plugins[name] = plugin
        return name

    def remove(self, name: str) -> bool:
        """Forget the plugin of this name; say whether there was one."""
        if name not in self.plugins:
            return False
        self._manager.unregister(name=name)
        del self.plugins[name]
        return True

    def implementations(self) -> dict[str, tuple[Implementation, ...]]:
        """Return the implementations of each hook that has any, in the order of their calls."""
        position = {name: index for index, name in enumerate(self.plugins)}
        found = {}
        for hook, caller in vars(self._manager.hook).items():
            impls = caller.get_hookimpls() if hook.startswith(_PREFIX) else []
            impls = sorted(impls, key=lambda impl: (not impl.tryfirst, impl.trylast, position[impl.plugin_name]))
            if impls:
                found[hook] = tuple(Implementation(hook, i.plugin_name, i.function, tuple(i.argnames)) for i in impls)
        return found

    def _free_name(self, plugin: object) -> str:
        given = getattr(plugin, "__name__", None) or type(plugin).__name__
        name, number = str(given), 1
        while name in self.plugins:
            number += 1
            name = f"{given}#{number}"
        return name

    def _flaw(self, plugin: object) -> str:
        callers = self._manager.get_hookcallers(plugin) or []
        if not callers:
            return f"has no hooks; name a function {_PREFIX}… and mark it @hookimpl"
        for caller in callers:
            impls = [impl for impl in caller.get_hookimpls() if impl.plugin is plugin]
            if not caller.has_spec() and not all(impl.optionalhook for impl in impls):
                return f"implements {caller.name}, which is no hook{_near(caller.name)}"
            if any(impl.hookwrapper or impl.wrapper for impl in impls):
                return f"wraps {caller.name}; hooks are called one by one, so there is nothing to wrap"
        return ""


def _unmarked(plugin: object) -> str:
    for name in _HOOKS:
        function = getattr(plugin, name, None)
        if callable(function) and not hasattr(function, f"{_PREFIX}impl"):
            return name
    return ""


def _near(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, _HOOKS, n=1)
    return f"; did you mean {near[0]}?" if near else ""
