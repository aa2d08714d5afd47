"""How a call travels to Telegram: python-telegram-bot's requests, carried by aiohttp.

Its own way of carrying them, httpx, was nearly half of the work that a tap is.
"""

import ssl
from functools import cache
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from telegram._utils.types import ODVInput
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData
from yarl import URL

CONNECTED_WITHIN = 5.0  # seconds
FORM = "application/x-www-form-urlencoded"
# What these were raised by has certainly not reached Telegram.
NEVER_LEFT = (aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError, aiohttp.ConnectionTimeoutError)


class Carrier(BaseRequest):
    """Connections to Telegram, so many at once at most; the first request opens them."""

    def __init__(self, *, connections: int, longest_wait: float) -> None:
        """`longest_wait`: seconds, for a free connection, and for an answer where the call names no other."""
        self._connections = connections
        self._longest_wait = longest_wait
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        return self._longest_wait

    async def initialize(self) -> None:
        """Nothing: python-telegram-bot calls this only where it runs the bot, and we run ours ourselves."""

    async def shutdown(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def do_request(  # noqa: PLR0917 - as python-telegram-bot calls it
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        write_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,  # noqa: ARG002 - see _waits
        connect_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,  # noqa: ARG002 - see _waits
        pool_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,  # noqa: ARG002 - see _waits
    ) -> tuple[int, bytes]:
        """Status and body of the answer. Raises TimedOut and NetworkError, caused by aiohttp's error."""
        body = _body(request_data) if request_data else None
        headers = {"User-Agent": self.USER_AGENT}
        if isinstance(body, bytes):
            headers["Content-Type"] = FORM
        to = URL(url, encoded=True)
        try:
            async with self._opened(to).request(
                method,
                to,
                data=body,
                headers=headers,
                timeout=self._waits(read_timeout),
                allow_redirects=False,
            ) as answer:
                return answer.status, await answer.read()
        except TimeoutError as error:
            raise TimedOut from error
        except aiohttp.ClientError as error:
            # Its own words may hold the address, and with it the token.
            raise NetworkError(type(error).__name__) from error

    def _opened(self, to: URL) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._connections, ssl=_trusted() if to.scheme == "https" else True
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                proxy=_way_out(to),
            )
        return self._session

    def _waits(self, read_timeout: object) -> aiohttp.ClientTimeout:
        answered = read_timeout if isinstance(read_timeout, int | float) else self._longest_wait
        return aiohttp.ClientTimeout(
            total=2 * self._longest_wait + answered,  # also where the request itself gets stuck half-way
            connect=self._longest_wait,
            sock_connect=CONNECTED_WITHIN,
            sock_read=answered,
        )


@cache
def _trusted() -> ssl.SSLContext:
    """Whose certificates are believed; it takes a megabyte, so one is enough."""
    return httpx.create_ssl_context()


def _way_out(to: URL) -> str | None:
    """The proxy that the environment names for this address, if there is one."""
    named = getproxies()
    return None if proxy_bypass(to.host or "") else named.get(to.scheme, named.get("all"))


def _body(asked: RequestData) -> bytes | aiohttp.FormData:
    if not asked.contains_files:
        return asked.url_encoded_parameters().encode("ascii")
    form = aiohttp.FormData(asked.json_parameters)
    for field, (name, content, kind) in asked.multipart_data.items():
        form.add_field(field, content, filename=name, content_type=kind)
    return form
