"""A reader of QR pictures, from the standard's own words, for pictures without a blemish (versions 1 to 6).

It shares nothing with the library that draws them.
"""

import struct
import zlib

DARK = 1
AS_IT_IS, LIKE_ABOVE = 0, 2  # how a line of a PNG is written
# Error blocks by version and level: how many data words each block has, and check words a block.
BLOCKS = {(4, "M"): ([32, 32], 18), (5, "M"): ([43, 43], 24), (6, "M"): ([27] * 4, 16), (3, "M"): ([44], 26)}
LEVELS = {0b01: "L", 0b00: "M", 0b11: "Q", 0b10: "H"}
MASKS = (
    lambda y, x: (y + x) % 2,
    lambda y, _: y % 2,
    lambda _, x: x % 3,
    lambda y, x: (y + x) % 3,
    lambda y, x: (y // 2 + x // 3) % 2,
    lambda y, x: y * x % 2 + y * x % 3,
    lambda y, x: (y * x % 2 + y * x % 3) % 2,
    lambda y, x: ((y + x) % 2 + y * x % 3) % 2,
)


def pixels(png: bytes) -> list[list[int]]:
    """The picture of a PNG of one bit a pixel: 1 is dark."""
    at, found, header = 8, b"", b""
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        body = png[at + 8 : at + 8 + length]
        header = body if kind == b"IHDR" else header
        found += body if kind == b"IDAT" else b""
        at += 12 + length
    width, height, depth = struct.unpack(">IIB", header[:9])
    assert depth == 1
    raw, stride = zlib.decompress(found), 1 + (width + 7) // 8
    rows, above = [], bytes(stride - 1)
    for row in range(height):
        how, *line = raw[row * stride : (row + 1) * stride]
        assert how in (AS_IT_IS, LIKE_ABOVE)
        above = bytes((byte + up) % 256 for byte, up in zip(line, above, strict=True)) if how else bytes(line)
        rows.append(above)
    return [[1 - (row[x // 8] >> (7 - x % 8) & 1) for x in range(width)] for row in rows]


def grid(png: bytes) -> tuple[list[list[int]], int, int]:
    """The modules, how many pixels each is wide, and how many modules of quiet stand around them."""
    picture = pixels(png)
    first = next(y for y, row in enumerate(picture) if any(row))
    left = picture[first].index(DARK)
    # The corner's pattern begins with seven dark modules.
    module = next(x for x in range(left, len(picture)) if not picture[first][x]) - left
    scale = module // 7
    size = (len(picture) - 2 * first) // scale
    half = scale // 2
    cells = [
        [picture[first + y * scale + half][left + x * scale + half] for x in range(size)] for y in range(size)
    ]
    return cells, scale, first // scale


def read(png: bytes) -> str:
    """The text in a picture of bytes."""
    cells, _, _ = grid(png)
    size = len(cells)
    version = (size - 17) // 4
    told = [cells[8][x] for x in (0, 1, 2, 3, 4, 5, 7)] + [cells[8][8]]
    level, mask = _format(told)
    reserved = _reserved(size, version)
    bits = [cells[y][x] ^ (MASKS[mask](y, x) == 0) for y, x in _way(size) if not reserved[y][x]]
    words = [int("".join(map(str, bits[at : at + 8])), 2) for at in range(0, len(bits) - 7, 8)]
    return _bytes(_untangled(words, *BLOCKS[version, level]))


def _format(told: list[int]) -> tuple[str, int]:
    bits = [bit ^ hidden for bit, hidden in zip(told, (1, 0, 1, 0, 1, 0, 0), strict=False)]
    return LEVELS[bits[0] * 2 + bits[1]], bits[2] * 4 + bits[3] * 2 + bits[4]


def _reserved(size: int, version: int) -> list[list[bool]]:
    """Where no data stands: corners with their format, the timing lines, the small pattern, the dark one."""
    found = [[False] * size for _ in range(size)]
    for y in range(size):
        for x in range(size):
            corner = (y < 9 and x < 9) or (y < 9 and x >= size - 8) or (y >= size - 8 and x < 9)
            small = version > 1 and abs(y - (size - 7)) <= 2 and abs(x - (size - 7)) <= 2
            found[y][x] = corner or small or 6 in (y, x)
    return found


def _way(size: int) -> list[tuple[int, int]]:
    """Two columns at a time from the right, up and down by turns, past the timing column."""
    found, up = [], True
    for right in (*range(size - 1, 6, -2), 5, 3, 1):
        for step in range(size):
            y = size - 1 - step if up else step
            found += [(y, right), (y, right - 1)]
        up = not up
    return found


def _untangled(words: list[int], blocks: list[int], _: int) -> list[int]:
    """Data words of several blocks stand by turns."""
    found: list[list[int]] = [[] for _ in blocks]
    at = 0
    for row in range(max(blocks)):
        for number, length in enumerate(blocks):
            if row < length:
                found[number].append(words[at])
                at += 1
    return [word for block in found for word in block]


def _bytes(words: list[int]) -> str:
    bits = "".join(f"{word:08b}" for word in words)
    assert bits[:4] == "0100"
    count = int(bits[4:12], 2)
    body = bits[12 : 12 + count * 8]
    return bytes(int(body[at : at + 8], 2) for at in range(0, len(body), 8)).decode()
