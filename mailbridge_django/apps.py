"""The app: system checks and the management command. Sending works without it."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _


class MailbridgeConfig(AppConfig):  # type: ignore[misc]  # Django has no types
    """Brings checks (`manage.py check`, some with `--deploy`) and `manage.py mailbridge`."""

    name = "mailbridge_django"
    label = "mailbridge"
    verbose_name = _("Mail")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks; twice does no harm."""
        from mailbridge_django import checks

        register(checks.check_mailers, "mail")
        register(checks.check_deployment, "mail", deploy=True)
