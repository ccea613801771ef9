#!/bin/sh
# `segue` as the owner of the data, also for `docker exec`, which starts as root: files of root would stop the service.
set -eu
if [ "$(id -u)" = 0 ]; then
    exec setpriv --reuid="$PUID" --regid="$PGID" --clear-groups -- /opt/segue/bin/segue "$@"
fi
exec /opt/segue/bin/segue "$@"
