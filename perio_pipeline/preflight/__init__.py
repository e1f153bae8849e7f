"""What stands in the way of a load, found before it begins: every known trap as one named check (G1 to G12)."""
