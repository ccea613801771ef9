"""The client with all methods."""

from segue_client._sync.answers import Answers
from segue_client._sync.library import Library
from segue_client._sync.listeners import ListenerMethods
from segue_client._sync.playlists import PlaylistMethods
from segue_client._sync.radio import RadioMethods
from segue_client._sync.tables import TableMethods


class Segue(Answers, RadioMethods, ListenerMethods, PlaylistMethods, Library, TableMethods):
    """A client of a Segue service. Every method raises the service's error as the class for its status.

    Raises:
        ServiceUnreachable: no Segue answers at the URL.
    """
