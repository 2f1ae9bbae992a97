"""mailbridge in Django: nothing yet.

The package is reserved for the Django adapter (mail backend, settings, admin, webhook views). Until
it comes, use `mailbridge.Mailer` in a Django project as in any other program.
"""
