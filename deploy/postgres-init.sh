#!/bin/sh
# Run once by PostgreSQL's image in a new database: Segue's role owns its database and nothing else. Only processes in this
# container can become the superuser, through the socket.
set -eu
psql --no-psqlrc --set ON_ERROR_STOP=1 --set password="$(cat "$POSTGRES_PASSWORD_FILE")" --username "$POSTGRES_USER" \
    --dbname postgres <<'SQL'
CREATE ROLE segue LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
CREATE DATABASE segue OWNER segue;
ALTER ROLE CURRENT_USER PASSWORD NULL;
SQL
