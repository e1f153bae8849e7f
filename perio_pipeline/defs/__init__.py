"""The outer ring: everything about Dagster, one module per concept; assets are thin and call the rooms."""
