"""The client with all methods."""

from segue_client._sync.answers import Answers
from segue_client._sync.library import Library
from segue_client._sync.listeners import ListenerMethods
from segue_client._sync.playlists import PlaylistMethods
from segue_client._sync.radio import RadioMethods


class Segue(Answers, RadioMethods, ListenerMethods, PlaylistMethods, Library):
    """Asks a Segue service; every method raises the problem that the service answered, as a class of its status.

    Raises:
        ServiceUnreachable: no Segue answers at the URL.
    """
