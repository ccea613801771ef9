"""The client with all methods."""

from segue_client._async.answers import Answers
from segue_client._async.library import Library
from segue_client._async.listeners import ListenerMethods
from segue_client._async.playlists import PlaylistMethods
from segue_client._async.radio import RadioMethods
from segue_client._async.tables import TableMethods


class AsyncSegue(Answers, RadioMethods, ListenerMethods, PlaylistMethods, Library, TableMethods):
    """A client of a Segue service. Every method raises the service's error as the class for its status.

    Raises:
        ServiceUnreachable: no Segue answers at the URL.
    """
