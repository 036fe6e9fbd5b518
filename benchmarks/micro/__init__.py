"""Where each microsecond of a call goes, without a network."""
