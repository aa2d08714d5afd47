"""People: members, the seats they hold, and the invites that give a seat."""

from datetime import datetime

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.columns import Key, Moment


class Member(SQLModel, table=True):
    id: int = Field(default=None, primary_key=True, sa_type=Key)
    account: int | None = Field(default=None, sa_type=BigInteger, unique=True)
    language: str = "en"
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


class Invite(SQLModel, table=True):
    """A way in; only the hash of its secret is kept, so a lost link is replaced, not shown again."""

    id: int = Field(default=None, primary_key=True, sa_type=Key)
    secret_hash: str = Field(unique=True)
    partnership_id: int = Field(foreign_key="partnership.id", index=True, sa_type=BigInteger)
    organisation_id: int = Field(foreign_key="organisation.id", sa_type=BigInteger)
    role: str
    name: str = ""
    language: str = "en"
    places: int = 1
    taken: int = 0
    expires_at: datetime = Field(sa_type=Moment)
    revoked_at: datetime | None = Field(default=None, sa_type=Moment)
