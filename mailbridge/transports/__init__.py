"""The transports that come with mailbridge; one folder is one plugin. See README.md."""
