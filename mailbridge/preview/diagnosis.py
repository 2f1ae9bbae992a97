"""`Diagnosis`: an error of a proof, told with all that helps to mend it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from mailbridge.errors import MailError, VariableUndefined
from mailbridge.preview.catalogue import Catalogue, Proof
from mailbridge.preview.shape import Shape, shape_of
from mailbridge.preview.snippet import written
from mailbridge.preview.sources import Line, excerpt


class Diagnosis(NamedTuple):
    """What is wrong, where, and what to do.

    Attributes:
        kind: the class of the error.
        text: the sentence.
        hints: next steps.
        file: the file of the template, "" if unknown.
        line: the line in it, None if unknown.
        lines: the lines around it.
        place: the file for the values of the template.
        snippet: what to put into it: all that the template takes and the sample lacks.
        variables: what the template takes from its context.
        given: which of them the sample gives.
    """

    kind: str
    text: str
    hints: tuple[str, ...]
    file: str
    line: int | None
    lines: list[Line]
    place: str
    snippet: str
    variables: list[str]
    given: list[str]


def diagnosis(error: MailError, proof: Proof, catalogue: Catalogue, context: Mapping[str, Any]) -> Diagnosis:
    """Say what is wrong with a proof; `context` is what its sample gave it."""
    place = catalogue.samples.place(proof.template)
    shape = shape_of(catalogue.templates, proof.template)
    lacking: dict[str, Any] = {}
    if isinstance(error, VariableUndefined):
        if not shape.complete:  # another language than Jinja's: what it complains of is all we know
            _add(shape, error.variable)
        lacking = shape.lacking(context)
    form = "json" if place.endswith(".json") else "toml"
    return Diagnosis(
        type(error).__name__,
        error.text,
        error.hints,
        getattr(error, "template", ""),
        getattr(error, "line", None),
        excerpt(error, catalogue.templates.folders),
        place,
        written(lacking, context, form=form),
        sorted(shape.fields),
        [name for name in shape.fields if name in context],
    )


def _add(shape: Shape, variable: str) -> None:
    """Add a variable as an error has it, `user.name`, if it is one and no expression."""
    steps = variable.split(".")
    if all(step.isidentifier() for step in steps):
        for step in steps:
            shape = shape.field(step)
