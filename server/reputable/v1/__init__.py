"""reputable.v1: generated from proto/ by `make proto`; not to be edited."""
