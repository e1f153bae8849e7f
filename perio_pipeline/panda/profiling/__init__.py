"""What a database nobody has bound yet looks like: names, types, keys, and a bounded sample that stays in memory."""
