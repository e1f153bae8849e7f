"""The `perio` command: launches the same Dagster jobs in process and shows their progress."""
