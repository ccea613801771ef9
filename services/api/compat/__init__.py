"""APIs of other systems, so that their clients can use Segue."""

from flask import Flask

from services.api.compat.audiomuse.views import audiomuse
from services.api.compat.audioscrobbler.handshake import WithHandshake, audioscrobbler_1, audioscrobbler_line
from services.api.compat.audioscrobbler.responses import audioscrobbler_error
from services.api.compat.audioscrobbler.views import audioscrobbler
from services.api.compat.errors import audiomuse_error, listenbrainz_error, spotify_error, subsonic_error
from services.api.compat.listenbrainz import feedback, playlists, views  # noqa: F401  they add the routes
from services.api.compat.listenbrainz.blueprint import listenbrainz
from services.api.compat.spotify.views import WithoutVersion, spotify
from services.api.compat.subsonic.views import WithoutViewSuffix, subsonic
from services.api.http.problems import set_error_format

ERROR_FORMATS = (
    (spotify, spotify_error),
    (subsonic, subsonic_error),
    (listenbrainz, listenbrainz_error),
    (audiomuse, audiomuse_error),
    (audioscrobbler, audioscrobbler_error),
    (audioscrobbler_1, audioscrobbler_line),
)


def install_compat(app: Flask) -> None:
    """Serve the APIs of other systems, each with its own error format."""
    for blueprint, render in ERROR_FORMATS:
        app.register_blueprint(blueprint)
        set_error_format(app, f"{blueprint.url_prefix}/", render)
    # Flask's documented way to add middleware.
    app.wsgi_app = WithHandshake(WithoutVersion(WithoutViewSuffix(app.wsgi_app)))  # type: ignore[method-assign]
