#!/bin/sh
# Start of the all-in-one container: gives the data to PUID and PGID, prints an API key at the first start, and serves.
set -eu
if [ "$(id -u)" = 0 ]; then
    if [ "$PUID" = 0 ]; then
        echo "PUID is 0, but Segue does not run as root. Set PUID and PGID to the owner of your music: id -u, id -g." >&2
        exit 1
    fi
    # Only what has another owner, because this may be many files on a slow disk.
    find "$SEGUE_DATA_DIR" ! \( -user "$PUID" -group "$PGID" \) -exec chown --no-dereference "$PUID:$PGID" {} +
fi
if ! segue keys list --json | grep -q '"id"'; then
    key=$(segue keys create first --scope admin)
    echo "This is the first start. Your API key, which is shown only once:"
    echo
    echo "    $key"
    echo
    echo "Enter it on the page of Segue. \`docker exec CONTAINER segue keys create NAME\` creates others."
fi
if [ -d "$MUSIC" ]; then
    exec segue up "$MUSIC"
fi
echo "There is no music: mount a folder as $MUSIC." >&2
exec segue up
