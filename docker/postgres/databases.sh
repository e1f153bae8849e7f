#!/bin/sh
# Runs once, when the volume is empty: a database of its own for Dagster and for the journal, each with its own login.
set -eu

database() {
  psql --no-password --set ON_ERROR_STOP=1 --username postgres --dbname postgres \
    --set name="$1" --set password="$2" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
}

database dagster "$PERIO_DAGSTER_PG_PASSWORD"
database journal "$PGPASSWORD"
