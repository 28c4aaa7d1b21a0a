#!/bin/sh
# Makes a role and a database for each service, which no other service's role can open. PostgreSQL's image runs it once.
set -eu
secrets="${SECRETS:-/run/secrets}"
for context in agreement monitor report review notification; do
  psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 -v role="$context" -v database="slm_$context" \
    -v password="$(cat "$secrets/$context-password")" --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
CREATE ROLE :"role" LOGIN PASSWORD :'password';
CREATE DATABASE :"database" OWNER :"role";
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
SQL
done
