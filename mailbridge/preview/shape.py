"""What data a template takes, read out of its source: to say what a sample lacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mailbridge.content import names
from mailbridge.preview.sources import text_of

if TYPE_CHECKING:
    from jinja2.nodes import Call, For, Getattr, Node, Template

    from mailbridge.content import Templates

PLACEHOLDER = "…"
_OF_MAPPINGS = ("items", "keys", "values")


class Shape:
    """A value as a template uses it: with fields, as a list of items, or plain."""

    def __init__(self) -> None:
        self.fields: dict[str, Shape] = {}
        self.item: Shape | None = None
        self.complete = True
        """Whether all of the source could be read."""

    def field(self, name: str) -> Shape:
        """Return the shape of a field, which it has from now on."""
        return self.fields.setdefault(name, Shape())

    def value(self) -> Any:
        """Return a value of this shape, with placeholders.

        >>> shape = Shape()
        >>> _ = shape.field("user").field("name")
        >>> shape.value()
        {'user': {'name': '…'}}
        """
        if self.item is not None:
            return [self.item.value()]
        return {name: shape.value() for name, shape in self.fields.items()} if self.fields else PLACEHOLDER

    def lacking(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return placeholders for what `given` lacks."""
        lacks: dict[str, Any] = {}
        for name, shape in self.fields.items():
            if name not in given:
                lacks[name] = shape.value()
            elif shape.fields and isinstance(given[name], Mapping) and (inner := shape.lacking(given[name])):
                lacks[name] = inner
        return lacks


def shape_of(templates: Templates, name: str) -> Shape:
    """Return what a template takes from its context, its layouts and parts too; what is not Jinja's is left out.

    >>> from mailbridge.content import Templates
    >>> sorted(shape_of(Templates("examples/templates/mail"), "welcome").fields)
    ['link', 'shop', 'user']
    """
    from jinja2 import meta

    root, seen, bound = Shape(), set[str](), set[str]()
    waiting = _files(templates, name)
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        parsed = _parsed(text_of(file, templates.folders))
        if parsed is None:
            root.complete = False
            continue
        tree, wanted = parsed
        _learn(tree, {variable: root.field(variable) for variable in sorted(wanted - bound)})
        bound |= set(_loop_names(tree))  # a part that is included in a loop sees its names
        waiting += filter(None, meta.find_referenced_templates(tree))
    return root


def _files(templates: Templates, name: str) -> list[str]:
    """Return the files of a template, in all languages."""
    engine = templates.engine
    named = ((file, names.read(file, engine.suffixes, engine.one_file)) for file in engine.files())
    return [file for file, read in named if read and read.name == name]


def _parsed(text: str | None) -> tuple[Template, set[str]] | None:
    """Parse a file, without running it; return its tree, and what it takes from its context.

    None if there is no file, or it is not in Jinja's language.
    """
    from jinja2 import Environment, TemplateError, meta, nodes

    # The extensions are for their tags.
    environment = Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"])  # noqa: S701
    try:
        tree = environment.parse(text or "")
        environment.filters |= {each.name: _stand_in for each in tree.find_all(nodes.Filter)}
        environment.tests |= {each.name: _stand_in for each in tree.find_all(nodes.Test)}
        wanted = meta.find_undeclared_variables(tree) - set(_called(tree))
    except TemplateError:
        return None
    return None if text is None else (tree, wanted)


def _stand_in(*_: object) -> bool:
    """Take the place of a filter or a test of the application's; nothing is run."""
    return True


def _learn(node: Node, known: Mapping[str, Shape]) -> None:
    """Add to the shapes of the known names what the nodes below use of them."""
    from jinja2 import nodes

    if isinstance(node, nodes.For):
        _learn_loop(node, known)
    elif isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr):
        _learn_call(node, node.node, known)
    else:
        _resolved(node, known)
        for child in node.iter_child_nodes():
            _learn(child, known)


def _learn_loop(loop: For, known: Mapping[str, Shape]) -> None:
    from jinja2 import nodes

    _learn(loop.iter, known)
    shape = _resolved(loop.iter, known)
    known = {name: each for name, each in known.items() if name not in _names(loop.target)}
    if shape is not None and isinstance(loop.target, nodes.Name):
        shape.item = shape.item or Shape()
        known[loop.target.name] = shape.item
    for child in (*loop.body, *([loop.test] if loop.test else []), *loop.else_):
        _learn(child, known)


def _learn_call(call: Call, method: Getattr, known: Mapping[str, Shape]) -> None:
    """A method is no field; that of a mapping tells what it belongs to."""
    shape = _resolved(method.node, known)
    if shape is not None and method.attr in _OF_MAPPINGS:
        shape.field("key")
    for child in (method.node, *call.args):
        _learn(child, known)


def _resolved(node: Node, known: Mapping[str, Shape]) -> Shape | None:
    """Return the shape that an expression stands for; None if it is none of a known name."""
    from jinja2 import nodes

    if isinstance(node, nodes.Name):
        return known.get(node.name)
    if isinstance(node, nodes.Getattr):
        name: Any = node.attr
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        name = node.arg.value
    else:
        return None
    inner = _resolved(node.node, known)
    return inner.field(name) if inner is not None and isinstance(name, str) else None


def _called(tree: Node) -> Iterator[str]:
    """Yield the names that are called: functions, which an application gives its templates, and no file can."""
    from jinja2 import nodes

    yield from (call.node.name for call in tree.find_all(nodes.Call) if isinstance(call.node, nodes.Name))


def _loop_names(tree: Node) -> Iterator[str]:
    from jinja2 import nodes

    for loop in tree.find_all(nodes.For):
        yield from _names(loop.target)


def _names(target: Node) -> set[str]:
    from jinja2 import nodes

    return {target.name} if isinstance(target, nodes.Name) else {each.name for each in target.find_all(nodes.Name)}
