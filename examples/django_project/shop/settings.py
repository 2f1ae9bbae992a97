"""Settings of the example. What concerns mail stands at the top."""

import os

import django

# No password in the settings: `manage.py check --deploy` would say so (mailbridge.W002).
MAIL = {"OPTIONS": {"dsn": os.environ.get("MAIL_DSN", "console://")}}

if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": "mailbridge_django.EmailBackend", **MAIL}}
else:
    EMAIL_BACKEND = "mailbridge_django.EmailBackend"
    MAILBRIDGE = {"MAILERS": {"default": MAIL}}

DEFAULT_FROM_EMAIL = "Shop <shop@example.com>"

DEBUG = True
SECRET_KEY = "of an example"
ROOT_URLCONF = "shop.urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ.get("SHOP_DATABASE", ":memory:")}}
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "mailbridge_django",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
