"""`Place`: a line of a template, and the errors that name it; the same words for every engine."""

from __future__ import annotations

from typing import NamedTuple

from mailbridge.errors import TemplateBroken, TemplateError, TemplateMissing, VariableUndefined


class Place(NamedTuple):
    """A template and the line in it, None if unknown."""

    template: str
    line: int | None = None

    def __str__(self) -> str:
        return f"The template {self.template}" + (f", line {self.line}" if self.line else "")

    def broken(self, words: str) -> TemplateBroken:
        """Return the error for syntax that is wrong, in the engine's words."""
        return TemplateBroken(f"{self} cannot be read: {words.rstrip('.')}.", template=self.template, line=self.line)

    def missing(self, what: str) -> TemplateMissing:
        """Return the error for a reference to what does not exist."""
        return TemplateMissing(
            f"{self} refers to {what or 'a file that a variable names'}, which does not exist.",
            template=self.template,
            line=self.line,
        )

    def undefined(self, variable: str, hint: str) -> VariableUndefined:
        """Return the error for a variable that the context lacks; `hint` is how a template says a default."""
        return VariableUndefined(
            f"{self}: the variable {variable} is undefined.",
            template=self.template,
            line=self.line,
            variable=variable,
            hints=[f"Pass it in the context, or write {hint} where it may be absent."],
        )

    def lacking(self, variable: str, owner: str) -> VariableUndefined:
        """Return the error for an attribute or item that an object of the type `owner` lacks."""
        return VariableUndefined(
            f"{self}: {variable or 'an item'} is undefined: there is no such attribute or item in the {owner}.",
            template=self.template,
            line=self.line,
            variable=variable,
        )

    def raised(self, error: Exception) -> TemplateError:
        """Return the error for what the program's own code raised; its words may quote a value, so they stay there."""
        return TemplateError(f"{self} raises {type(error).__name__}.", template=self.template, line=self.line)

    def refused(self, words: str) -> TemplateError:
        """Return the error for what a template may not do, or does not."""
        return TemplateError(f"{self}: {words.rstrip('.')}.", template=self.template, line=self.line)

    def added(self, error: Exception) -> None:
        """Tell an error of ours where it happened, if it does not know yet."""
        if isinstance(error, TemplateError) and not error.template:
            error.template, error.line = self
            error.text = f"{self}: {error.text}"
