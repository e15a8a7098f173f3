"""A snapshot: the immutable, content-addressed export of all that a round can learn from.

`schema` says what its files hold, `builder` writes one, `reader` reads one. Older formats are still read.
"""

from alignment.contract.snapshot.reader import read_ranked as read_ranked
from alignment.contract.snapshot.reader import read_snapshot as read_snapshot
from alignment.contract.snapshot.schema import Demonstration as Demonstration
from alignment.contract.snapshot.schema import Messages as Messages
from alignment.contract.snapshot.schema import Pair as Pair
from alignment.contract.snapshot.schema import Rating as Rating
from alignment.contract.snapshot.schema import Snapshot as Snapshot
