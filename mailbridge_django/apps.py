"""The app: system checks and the management command. Sending works without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from mailbridge import Templates
    from mailbridge.testing import Mailbox


class MailbridgeConfig(AppConfig):  # type: ignore[misc]  # Django has no types
    """Brings checks (`manage.py check`, some with `--deploy`) and `manage.py mailbridge`."""

    name = "mailbridge_django"
    label = "mailbridge"
    verbose_name = _("Mail")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks, the project's templates for `Message.from_template`, and `mail.outbox` for mailboxes.

        Twice does no harm.
        """
        from mailbridge.content import current
        from mailbridge.testing import joining
        from mailbridge_django import checks

        register(checks.check_mailers, "mail")
        register(checks.check_deployment, "mail", deploy=True)
        current.register("django", _templates)
        joining.register("django", _outbox)


def _templates() -> Templates:
    from mailbridge_django.engine import templates  # not before: it needs Jinja

    return templates()


def _outbox(mailbox: Mailbox) -> AbstractContextManager[None]:
    from mailbridge_django.mailbox import outbox  # not before: only tests need the test kit

    return outbox(mailbox)
