"""Tags for templates of mails."""
