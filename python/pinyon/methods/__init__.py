"""The methods of clients and pipelines, by group.

Written by tools/methods.py: change commands/.
"""

from __future__ import annotations

from ._base import S
from .admin import Admin
from .bits import Bits
from .cluster import Cluster
from .geo import Geo
from .hashes import Hashes
from .keys import Keys
from .lists import Lists
from .pipe_admin import PipeAdmin
from .pipe_bits import PipeBits
from .pipe_cluster import PipeCluster
from .pipe_geo import PipeGeo
from .pipe_hashes import PipeHashes
from .pipe_keys import PipeKeys
from .pipe_lists import PipeLists
from .pipe_scripting import PipeScripting
from .pipe_server import PipeServer
from .pipe_sets import PipeSets
from .pipe_sorted_sets import PipeSortedSets
from .pipe_streams import PipeStreams
from .pipe_strings import PipeStrings
from .scripting import Scripting
from .server import Server
from .sets import Sets
from .sorted_sets import SortedSets
from .streams import Streams
from .strings import Strings


class Methods(
    Admin[S],
    Bits[S],
    Cluster[S],
    Geo[S],
    Hashes[S],
    Keys[S],
    Lists[S],
    Scripting[S],
    Server[S],
    Sets[S],
    SortedSets[S],
    Streams[S],
    Strings[S],
):
    """Every command, blocking and for asyncio."""


class PipeMethods(
    PipeAdmin,
    PipeBits,
    PipeCluster,
    PipeGeo,
    PipeHashes,
    PipeKeys,
    PipeLists,
    PipeScripting,
    PipeServer,
    PipeSets,
    PipeSortedSets,
    PipeStreams,
    PipeStrings,
):
    """Every command, put into a pipeline."""
