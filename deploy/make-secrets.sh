#!/bin/sh
# Create the secrets that compose.yaml mounts as files, in deploy/secrets. Passwords that exist are kept.
# Only the owner of the folder can enter it. Its files are readable by all, because containers have users of their own.
set -eu
umask 022
mkdir -p "$(dirname "$0")/secrets"
cd "$(dirname "$0")/secrets"
chmod 700 .
for name in database_password broker_password index_key; do
    if [ ! -s "$name" ]; then
        # Letters and digits only, because they are parts of URLs.
        od -A n -N 24 -t x1 /dev/urandom | tr -d ' \n' > "$name"
    fi
done
touch webhook_secret oidc_client_secret  # empty: docs/webhooks.md and docs/sign-in.md say what to write into them
# The same secrets in the forms in which the parts read them.
printf 'postgresql+psycopg://segue:%s@postgres:5432/segue' "$(cat database_password)" > database_url
printf 'redis://:%s@redis:6379/0' "$(cat broker_password)" > broker_url
printf 'requirepass %s\n' "$(cat broker_password)" > broker.conf
printf 'service:\n  api_key: %s\n' "$(cat index_key)" > index.yaml
