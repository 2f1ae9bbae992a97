"""A Django project that sends its mail by mailbridge."""
