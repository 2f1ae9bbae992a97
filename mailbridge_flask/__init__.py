"""mailbridge in Flask: nothing yet.

The package is reserved for the Flask adapter (extension, blueprint, command group). Until it comes,
use `mailbridge.Mailer` in a Flask application as in any other program.
"""
