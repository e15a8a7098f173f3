"""The schema and the first user, brought up to date at each start."""

from pathlib import Path

import argilla_server
from alembic import command
from alembic.config import Config
from argilla_server.contexts import accounts
from argilla_server.database import AsyncSessionLocal
from argilla_server.enums import UserRole
from argilla_server.models import User, Workspace, WorkspaceUser
from argilla_server.settings import settings
from sqlalchemy.ext.asyncio import AsyncSession

from codelynn_argilla.credentials import BadCredentials, Credentials


def migrate(database: Path) -> None:
    """Bring the schema to Argilla's newest.

    A new database is made beside its place and moved there complete: SQLite's schema changes are not one
    transaction here, and a start that is killed half-way must not leave a database that no start can use.
    """
    if database.exists():
        _upgrade(database)
        return
    draft = database.with_suffix(".new")
    for left in (draft, draft.with_name(f"{draft.name}-journal")):  # of a start that was killed
        left.unlink(missing_ok=True)
    _upgrade(draft)
    draft.chmod(0o600)
    draft.replace(database)


def _upgrade(database: Path) -> None:
    """Alembic without its ini file, which would take over the logging of the whole process."""
    config = Config()
    config.set_main_option("script_location", str(Path(argilla_server.__file__).parent / "alembic"))
    before, settings.database_url = settings.database_url, f"sqlite+aiosqlite:///{database}"
    try:
        command.upgrade(config, "head")
    finally:
        settings.database_url = before


async def ensure_owner(credentials: Credentials) -> None:
    """The owner and its workspace exist and match the credentials. Raises BadCredentials for a key in use."""
    async with AsyncSessionLocal() as db:
        holder = await accounts.get_user_by_api_key(db, credentials.api_key)
        if holder is not None and holder.username != credentials.username:
            raise BadCredentials("another Argilla user has this api_key: write a new one")
        user = await accounts.get_user_by_username(db, credentials.username)
        user = await _updated(db, user, credentials) if user else await _created(db, credentials)
        await _joined(db, user, credentials.workspace)


async def _created(db: AsyncSession, credentials: Credentials) -> User:
    return await User.create(
        db,
        first_name=credentials.username,
        username=credentials.username,
        role=UserRole.owner,
        password_hash=accounts.hash_password(credentials.password),
        api_key=credentials.api_key,
    )


async def _updated(db: AsyncSession, user: User, credentials: Credentials) -> User:
    changes: dict[str, object] = {}
    if user.api_key != credentials.api_key:
        changes["api_key"] = credentials.api_key
    if not accounts.verify_password(credentials.password, user.password_hash):
        changes["password_hash"] = accounts.hash_password(credentials.password)
    return await user.update(db, **changes) if changes else user


async def _joined(db: AsyncSession, user: User, name: str) -> None:
    workspace = await Workspace.get_by(db, name=name) or await Workspace.create(db, name=name)
    if await WorkspaceUser.get_by(db, workspace_id=workspace.id, user_id=user.id) is None:
        await WorkspaceUser.create(db, workspace_id=workspace.id, user_id=user.id)
