"""Finding comparisons by their texts and by what their rankings say, at any size of the database.

Triggers note which comparisons changed (`search_pending`); `Indexer` brings them into the index in the background; `Search` reads
the index, and reads the comparisons that changed just now directly. Imports the store's rows and domain.
"""

from feedback_app.store.search.indexer import Indexer as Indexer
from feedback_app.store.search.indexer import IndexProgress as IndexProgress
from feedback_app.store.search.queries import Choices as Choices
from feedback_app.store.search.queries import Search as Search
from feedback_app.store.search.queries import SearchPage as SearchPage
