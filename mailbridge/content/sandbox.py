"""Templates that others have written: stored strings, which may compute nothing but a mail, and not for long.

Jinja's sandbox keeps a template away from the interpreter. Here it also may call nothing but what is listed
below, opens no file, and has a budget: of steps (turns of loops, calls, includes), and of characters that
it makes, be they part of the mail or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, NamedTuple

from jinja2 import DictLoader, TemplateSyntaxError, nodes, pass_context, pass_eval_context
from jinja2.filters import do_join, do_replace
from jinja2.nodes import EvalContext
from jinja2.runtime import BlockReference, Context, LoopContext, Macro, markup_join, str_join
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from mailbridge.content.engine import Part
from mailbridge.content.faults import Undefined
from mailbridge.content.jinja import JinjaEngine
from mailbridge.errors import TemplateError

FILTERS = (
    "abs capitalize count d default dictsort e escape first float forceescape groupby int items last length list lower "
    "map max min reject rejectattr reverse select selectattr sort string striptags title trim truncate unique upper "
    "urlencode wordcount"
).split()
"""The filters of Jinja's that stay: none that formats to a width, runs long, or undoes escaping."""

GLOBALS = ("dict", "range")
METHODS: tuple[tuple[type, frozenset[str]], ...] = (
    (str, frozenset("capitalize endswith lower lstrip removeprefix removesuffix rstrip split startswith strip title "
                    "upper".split())),
    (dict, frozenset({"get", "items", "keys", "values"})),
    (LoopContext, frozenset({"changed", "cycle"})),
)  # fmt: skip
_BITS = 4096  # of a number

# No syntax reaches names with a space.
_LOOP, _JOINED = "counted loop", "joined text"


class Limits(NamedTuple):
    """What a stored template may use: `source` characters and `nodes` of syntax a file, the rest a part of a mail."""

    source: int = 100_000
    nodes: int = 10_000
    steps: int = 10_000
    characters: int = 1_000_000


class _Budget:
    """What is left of the limits while one part of a mail is rendered."""

    def __init__(self, limits: Limits) -> None:
        self.steps = limits.steps
        self.characters = limits.characters

    def spend(self, steps: int, characters: int) -> None:
        self.steps -= steps
        self.characters -= characters
        if self.steps < 0 or self.characters < 0:
            what = "takes more steps" if self.steps < 0 else "makes more text"
            raise TemplateError(f"it {what} than stored templates may.", hints=["Simplify it, or raise its Limits."])


_budget: ContextVar[_Budget | None] = ContextVar("mailbridge_budget", default=None)


def _spend(steps: int, characters: int) -> None:
    budget = _budget.get()
    if budget is not None:  # None while constants are folded, when the size of the source is the limit
        budget.spend(steps, characters)


def _made(value: Any) -> Any:
    """Charge for a value that was just made."""
    if isinstance(value, (str, list, tuple)):
        _spend(0, len(value))
    return value


class SandboxEngine(JinjaEngine):
    """Renders stored strings, by the names that files would have. Raises TemplateError for one that is too long."""

    def __init__(self, environment: Sandbox) -> None:
        super().__init__(environment)
        self._limits = environment.limits

    def render(self, file: str, part: Part, context: dict[str, Any], locale: str | None) -> str:
        """Render a string that is one part of a mail."""
        with self._limited():
            return super().render(file, part, context, locale)

    def blocks(self, file: str, context: dict[str, Any], locale: str | None) -> Mapping[Part, str]:
        """Render those blocks of a string that are parts of a mail."""
        with self._limited():
            return super().blocks(file, context, locale)

    @contextmanager
    def _limited(self) -> Iterator[None]:
        before = _budget.set(_Budget(self._limits))
        try:
            yield
        finally:
            _budget.reset(before)


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox with few filters, few functions and a budget."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, strings: Mapping[str, str], limits: Limits) -> None:
        for name, text in strings.items():
            if len(text) > limits.source:
                raise TemplateError(
                    f"The template {name} has {len(text)} characters; a stored one may have {limits.source}.",
                    template=name,
                )
        super().__init__(
            loader=DictLoader(strings), autoescape=True, trim_blocks=True, lstrip_blocks=True, finalize=_made
        )
        self.limits = limits
        self.filters = {name: _charged(self.filters[name]) for name in FILTERS}
        self.filters |= {
            _LOOP: _turns,
            _JOINED: _joined,
            "join": _join,
            "replace": _replace,
            "round": _round,
            "sum": _charged(_sum),
        }
        self.globals = {name: self.globals[name] for name in GLOBALS} | {"range": _range}

    def is_safe_callable(self, obj: Any) -> bool:
        """Permit macros, blocks, what the program gave as globals, and harmless methods of plain values."""
        if isinstance(obj, (Macro, BlockReference)):
            return True
        owner, name = getattr(obj, "__self__", None), getattr(obj, "__name__", "")
        return any(isinstance(owner, kind) and name in names for kind, names in METHODS) or any(
            obj is each for each in self.globals.values()
        )

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Call what may be called, and charge for it."""
        _spend(1, 0)
        if not __self.is_safe_callable(__obj) and not isinstance(__obj, Undefined):
            raise TemplateError("it calls what stored templates may not call.")
        return _made(super().call(__context, __obj, *args, **kwargs))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Compute what cannot grow out of bounds."""
        sizes = [len(each) for each in (left, right) if isinstance(each, (str, bytes, list, tuple))]
        if operator in ("*", "**", "%") and sizes:
            raise TemplateError(f"it uses {operator} with what is no number.")
        if not sizes and _too_large(operator, left, right):
            raise TemplateError("it computes with numbers that are too large.")
        _spend(0, sum(sizes))  # before they are put together
        return super().call_binop(context, operator, left, right)

    def join_path(self, template: str, parent: str) -> str:
        """Charge for a template that another one takes in."""
        loader = self.loader
        _spend(1, len(loader.mapping.get(template, "")) if isinstance(loader, DictLoader) else 0)
        return super().join_path(template, parent)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        parsed = super()._parse(source, name, filename)
        if sum(1 for _ in parsed.find_all(nodes.Node)) > self.limits.nodes:
            raise TemplateError("it has more syntax than stored templates may.")
        template: nodes.Template = _Counting(name).visit(parsed)
        return template.set_environment(self)  # type: ignore[return-value]


class _Counting(NodeTransformer):
    """Has loops and `~` counted, and refuses what cannot be."""

    def __init__(self, name: str | None) -> None:
        self._name = name

    def visit_For(self, node: nodes.For) -> nodes.Node:
        if node.recursive:
            raise TemplateSyntaxError("stored templates may not have recursive loops", node.lineno, self._name)
        weight = sum(len(data.data) for data in node.find_all(nodes.TemplateData))
        node.iter = _filtered(node.iter, _LOOP, [nodes.Const(weight)])
        return self.generic_visit(node)

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        return _filtered(self.generic_visit(nodes.List(node.nodes, lineno=node.lineno)), _JOINED, [])

    def visit_ScopedEvalContextModifier(self, node: nodes.Node) -> nodes.Node:
        raise TemplateSyntaxError("stored templates may not switch escaping off", node.lineno, self._name)


def _filtered(node: nodes.Node, name: str, arguments: list[nodes.Expr]) -> nodes.Filter:
    return nodes.Filter(node, name, arguments, [], None, None, lineno=node.lineno)


@pass_context  # so that it is never computed when the template is compiled
def _turns(context: Context, items: Iterable[Any], weight: int) -> Iterator[Any]:
    for item in items:
        _spend(1, weight)
        yield item


@pass_eval_context
def _joined(escaping: EvalContext, parts: list[Any]) -> Any:
    _spend(0, sum(len(part) for part in parts if isinstance(part, str)))
    return markup_join(parts) if escaping.autoescape else str_join(parts)


@pass_eval_context
def _join(escaping: EvalContext, items: Iterable[Any], separator: str = "") -> Any:
    parts = list(items)
    _spend(0, len(separator) * len(parts) + sum(len(part) for part in parts if isinstance(part, str)))
    return do_join(escaping, parts, separator)


@pass_eval_context
def _replace(escaping: EvalContext, text: str, old: str, new: str) -> Any:
    text, old = str(text), str(old)
    _spend(0, len(text) + text.count(old) * len(new))
    return do_replace(escaping, text, old, new)


def _round(value: float, precision: int = 0) -> float:
    return round(value, max(-20, min(20, precision)))


def _sum(items: Iterable[Any]) -> Any:
    total = 0
    for item in items:
        if isinstance(item, (str, list, tuple)):
            raise TemplateError("it sums up what are no numbers.")
        total += item
    return total


def _range(*arguments: int) -> range:
    numbers = range(*arguments)
    _spend(len(numbers), 0)
    return numbers


def _charged(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)  # also what says which argument Jinja passes first
    def filtered(*arguments: Any, **options: Any) -> Any:
        for argument in arguments:
            _made(argument)  # as long as what it works through
        return _made(function(*arguments, **options))

    return filtered


def _bits(value: Any) -> int:
    return value.bit_length() if isinstance(value, int) else 64


def _too_large(operator: str, left: Any, right: Any) -> bool:
    times = abs(right) if operator == "**" and isinstance(left, int) and isinstance(right, int) else 1
    return _bits(left) * times + _bits(right) > _BITS
