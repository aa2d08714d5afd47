"""Photos and files: kept in memory, measured, handed out again."""

import base64
import hashlib
import mimetypes
import struct
from pathlib import PurePosixPath

from aiogram.methods import EditMessageMedia, GetFile, SendDocument, SendPhoto
from aiogram.types import Document, File, InputMediaPhoto, Message, PhotoSize

from sandbox import keyboards, messages, rooms, texts
from sandbox.refusals import bad_request, not_modelled
from sandbox.world import Blob, Telegram

PHOTO_LIMIT = 10 * 2**20
UPLOAD_LIMIT = 50 * 2**20
DOWNLOAD_LIMIT = 20 * 2**20
LONGEST_SIDES = 10_000
STEEPEST = 20
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
PNG = b"\x89PNG\r\n\x1a\n"


def keep(telegram: Telegram, data: bytes, *, name: str) -> Blob:
    if not data:
        raise bad_request("file must be non-empty")
    if len(data) > UPLOAD_LIMIT:
        raise bad_request("file is too big")
    name = PurePosixPath(name.replace("\\", "/")).name or "file"
    size = dimensions(data)
    number = telegram.next_serial()
    folder = "photos" if size else "documents"
    unique = hashlib.sha256(data + name.encode()).hexdigest()[:16]
    secret = base64.urlsafe_b64encode(f"{telegram.bot.id}.{number}.{unique}".encode()).decode().rstrip("=")
    blob = Blob(
        id=f"BQACAgQ{secret}",
        unique_id=f"AgAD{unique}",
        path=f"{folder}/file_{number}{PurePosixPath(name).suffix}",
        name=name,
        mime=mimetypes.guess_type(name)[0] or "application/octet-stream",
        data=data,
        size=size,
    )
    telegram.files[blob.id] = blob
    return blob


def dimensions(data: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG, a GIF or a JPEG; None for whatever is no picture."""
    if data.startswith(PNG) and len(data) >= 24:  # noqa: PLR2004 - signature and first chunk's sizes
        width, height = struct.unpack(">II", data[16:24])
        return width, height
    if data[:6] in (b"GIF87a", b"GIF89a") and len(data) >= 10:  # noqa: PLR2004 - signature and screen's sizes
        width, height = struct.unpack("<HH", data[6:10])
        return width, height
    return _jpeg(data) if data.startswith(b"\xff\xd8") else None


def _jpeg(data: bytes) -> tuple[int, int] | None:
    place = 2
    while place + 9 <= len(data) and data[place] == 0xFF:  # noqa: PLR2004 - the byte every marker starts with
        marker = data[place + 1]
        if marker in JPEG_FRAMES:
            height, width = struct.unpack(">HH", data[place + 5 : place + 9])
            return width, height
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return None


def find(telegram: Telegram, given: object) -> Blob:
    """The stored file that a request names."""
    if not isinstance(given, str):
        raise bad_request("there is no file in the request")
    if given.startswith("attach://"):
        raise bad_request(f'attached file "{given.removeprefix("attach://")}" is not in the request')
    if given.startswith(("http://", "https://")):
        raise not_modelled("fetching a file from an address")
    blob = telegram.files.get(given)
    if blob is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    return blob


def photo(blob: Blob) -> list[PhotoSize]:
    """The sizes of a picture; like Telegram's, but there is only the original one."""
    if blob.size is None:
        raise bad_request("IMAGE_PROCESS_FAILED")
    if len(blob.data) > PHOTO_LIMIT:
        raise bad_request("file is too big")
    width, height = blob.size
    if (
        not width
        or not height
        or width + height > LONGEST_SIDES
        or max(blob.size) > STEEPEST * min(blob.size)
    ):
        raise bad_request("PHOTO_INVALID_DIMENSIONS")
    return [
        PhotoSize(
            file_id=blob.id,
            file_unique_id=blob.unique_id,
            width=width,
            height=height,
            file_size=len(blob.data),
        )
    ]


def document(blob: Blob) -> Document:
    return Document(
        file_id=blob.id,
        file_unique_id=blob.unique_id,
        file_name=blob.name,
        mime_type=blob.mime,
        file_size=len(blob.data),
    )


def send_photo(telegram: Telegram, request: SendPhoto) -> Message:
    room = rooms.open_to_bot(telegram, request.chat_id)
    sizes = photo(find(telegram, request.photo))
    caption, entities = texts.caption(request.caption, request.parse_mode, request.caption_entities)
    return messages.say(
        telegram,
        room,
        request,
        photo=sizes,
        caption=caption or None,
        caption_entities=entities,
        has_media_spoiler=request.has_spoiler or None,
        show_caption_above_media=True if request.show_caption_above_media is True else None,
    )


def send_document(telegram: Telegram, request: SendDocument) -> Message:
    room = rooms.open_to_bot(telegram, request.chat_id)
    file = document(find(telegram, request.document))
    caption, entities = texts.caption(request.caption, request.parse_mode, request.caption_entities)
    return messages.say(
        telegram, room, request, document=file, caption=caption or None, caption_entities=entities
    )


def edit_message_media(telegram: Telegram, request: EditMessageMedia) -> Message:
    room, message = messages.own(telegram, request)
    media = request.media
    if not isinstance(media, InputMediaPhoto):
        raise not_modelled(f"media of type {media.type}")
    sizes = photo(find(telegram, media.media))
    caption, entities = texts.caption(media.caption, media.parse_mode, media.caption_entities)
    return messages.change(
        telegram,
        room,
        message,
        photo=sizes,
        document=None,
        text=None,
        entities=None,
        caption=caption or None,
        caption_entities=entities or None,
        reply_markup=keyboards.check(request.reply_markup, room),
    )


def get_file(telegram: Telegram, request: GetFile) -> File:
    blob = telegram.files.get(request.file_id)
    if blob is None:
        raise bad_request("invalid file_id")
    if len(blob.data) > DOWNLOAD_LIMIT:
        raise bad_request("file is too big")
    return File(
        file_id=blob.id,
        file_unique_id=blob.unique_id,
        file_size=len(blob.data),
        file_path=blob.path,
    )
