"""The perio command, as people use it."""
