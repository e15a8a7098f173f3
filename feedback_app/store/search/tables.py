"""The tables of the search index. They hold nothing that the comparisons do not say, and can be built again from them."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from feedback_app.store.tables import metadata

entries = Table(
    "search_entries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "comparison_id", Text, ForeignKey("comparisons.id", ondelete="CASCADE"), nullable=False, unique=True
    ),
    Column("moment", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "moment", "id"),
)
"""One row per comparison whose replies are written. `moment`: when it was created, in microseconds since 1970; 0 for a damaged
date. `body`: all texts that are searched, folded (see `ranking_query.folded`). SQLite indexes the trigrams of `body` in the virtual
table `search_trigrams`, PostgreSQL in a GIN index, if it has the extension pg_trgm."""

facets = Table(
    "search_facets",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("facet", Text, nullable=False),
    Column("value", Text, nullable=False),
    UniqueConstraint("facet", "value"),
)
"""What can be filtered by: ("tag", "work"), ("verdict", "tie"), …"""

labels = Table(
    "search_labels",
    metadata,
    Column("facet_id", Integer, ForeignKey("search_facets.id", ondelete="CASCADE"), nullable=False),
    Column("moment", BigInteger, nullable=False),
    Column(
        "entry_id", Integer, ForeignKey("search_entries.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    PrimaryKeyConstraint("facet_id", "moment", "entry_id"),
    sqlite_with_rowid=False,
)
"""Which entries have which facets. The key puts those of one facet in the order of time."""

pending = Table(
    "search_pending",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("comparison_id", Text, nullable=False, unique=True),
)
"""Comparisons that changed since they were indexed, filled by triggers."""

search_state = Table(
    "search_state",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("removed", Integer, nullable=False),
)
"""One row. `removed`: texts that left the index since it was last compacted; SQLite's index still holds their trigrams."""
