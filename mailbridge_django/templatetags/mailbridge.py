"""`{% load mailbridge %}`: `{% image "logo.png" %}` shows an image that lies beside the templates of mails."""

from __future__ import annotations

from django import template

from mailbridge.content.images import image

register = template.Library()
register.simple_tag(image)
