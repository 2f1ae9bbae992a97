"""`manage.py mailbridge`."""
