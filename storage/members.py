"""People: members, the seats they hold, and the links that give a seat or found a partnership."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.columns import Key, Moment


class Member(SQLModel, table=True):
    id: int = Field(default=None, primary_key=True, sa_type=Key)
    account: int | None = Field(default=None, sa_type=BigInteger, unique=True)
    language: str = "en"
    timezone: str = ""  # "": the partnership's
    unreachable_since: datetime | None = Field(default=None, sa_type=Moment)
    created_at: datetime = Field(sa_type=Moment)


class Seat(SQLModel, table=True):
    __table_args__ = (UniqueConstraint("member_id", "organisation_id"),)

    id: int = Field(default=None, primary_key=True, sa_type=Key)
    member_id: int = Field(foreign_key="member.id", index=True, sa_type=BigInteger)
    organisation_id: int = Field(foreign_key="organisation.id", index=True, sa_type=BigInteger)
    partnership_id: int = Field(foreign_key="partnership.id", index=True, sa_type=BigInteger)
    role: str
    name: str = ""
    consent_version: str
    consented_at: datetime = Field(sa_type=Moment)
    left_at: datetime | None = Field(default=None, sa_type=Moment)
    lead: bool = False  # speaks for its organisation
    invite_id: int | None = Field(default=None, foreign_key="invite.id", sa_type=BigInteger)
    away_until: date | None = None  # the first day they are asked again
    paused_at: datetime | None = Field(default=None, sa_type=Moment)


class Invite(SQLModel, table=True):
    """A way in, for a role of member or facilitator, or for a "group" chat.

    Only the hash of its secret is kept, so a lost link is replaced, not shown again.
    """

    id: int = Field(default=None, primary_key=True, sa_type=Key)
    secret_hash: str = Field(unique=True)
    partnership_id: int = Field(foreign_key="partnership.id", index=True, sa_type=BigInteger)
    organisation_id: int = Field(foreign_key="organisation.id", sa_type=BigInteger)
    role: str
    name: str = ""
    language: str = "en"
    lead: bool = False
    places: int = 1
    taken: int = 0
    expires_at: datetime = Field(sa_type=Moment)
    revoked_at: datetime | None = Field(default=None, sa_type=Moment)


class Founding(SQLModel, table=True):
    """A link that founds one partnership. Strangers cannot found."""

    id: int = Field(default=None, primary_key=True, sa_type=Key)
    secret_hash: str = Field(unique=True)
    expires_at: datetime = Field(sa_type=Moment)
    used_at: datetime | None = Field(default=None, sa_type=Moment)


class Roster(SQLModel, table=True):
    """A file of people sent to Parley, kept until its sender says yes or no, and for a day at most."""

    id: int = Field(default=None, primary_key=True, sa_type=Key)
    partnership_id: int = Field(foreign_key="partnership.id", sa_type=BigInteger)
    account: int = Field(sa_type=BigInteger)
    people: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    filed_at: datetime = Field(sa_type=Moment)
