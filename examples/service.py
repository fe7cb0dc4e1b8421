"""One child over HTTP: POST /assess, with /health and /ready. It reads, and stores nothing.

pip install 'carescreen[service]'
python examples/service.py --port 8000               on 127.0.0.1, until it is told to stop
curl -H 'content-type: application/json' --data-binary @examples/case.json localhost:8000/assess
python examples/service.py --openapi > examples/openapi.json

Private by default: words of notes only with ?quotes=true, no body in a log, no value of a record in an
error. What it leaves to whoever deploys it, and must not be used without: who may ask about which
child (authentication), TLS, the audit log of who asked, and limits for each caller.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import uvicorn
from fastapi import FastAPI, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect

from carescreen import Assessment, CarescreenError, Case, Screener, __version__

LOG = logging.getLogger("carescreen.service")
PATHS = ("/assess", "/health", "/ready", "/openapi.json")
METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH")
ALWAYS = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
WANTED = {
    "as_of": "a date such as 2026-11-01",
    "language": "zh or en",
    "quotes": "true or false",
}
STOP_WITHIN = 30  # seconds that running requests have when the service is stopped

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


@dataclass(frozen=True)
class Settings:
    """What a deployment chooses; workers of one service read it from the environment.

    `threads` assess at once in each worker: more do not make it faster, two let a short case pass a
    long one. Of requests that wait there are at most `most_waiting`; who comes then is asked to
    come again.
    """

    pack: str = "cn-rural"
    model: str = "evidence"
    threads: int = 2
    most_waiting: int = 64
    most_bytes: int = 1 << 20
    body_seconds: float = 10.0

    @classmethod
    def from_environment(cls) -> Settings:
        """Settings by CARESCREEN_PACK, CARESCREEN_MODEL, CARESCREEN_MOST_BYTES and so on."""
        given = {
            name: os.environ[f"CARESCREEN_{name.upper()}"]
            for name in cls.__dataclass_fields__
            if f"CARESCREEN_{name.upper()}" in os.environ
        }
        return cls(**{name: type(getattr(cls, name))(text) for name, text in given.items()})


class Problem(BaseModel):
    """What is wrong with a request, in one sentence, without a value of the record."""

    error: str


class Alive(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Part(BaseModel):
    """A pack, model or note reader that is in use; the digest is of all its files."""

    name: str
    digest: str
    version: str | None = None


class Ready(BaseModel):
    """What assesses here, so that an assessment can be told from one by other files."""

    status: Literal["ready"] = "ready"
    carescreen: str
    pack: Part
    model: Part
    reader: str = Field(description="digest of what notes are read with")
    gives_probability: bool


class Office:
    """The screener, once it is loaded, and the threads that assess with it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.screener: Screener | None = None
        self.waiting = 0
        self.threads = ThreadPoolExecutor(settings.threads, "assess")

    async def load(self) -> None:
        """Load pack and model beside the running service, which answers /health meanwhile."""
        loop = asyncio.get_running_loop()
        try:
            self.screener = await loop.run_in_executor(self.threads, self._loaded)
        except CarescreenError as error:  # of a pack's or model's files: no record is near
            LOG.error("never ready: %s", error)  # noqa: TRY400  its sentence says it all
        except Exception as error:
            log_places(error)
        else:
            LOG.info("ready")

    def _loaded(self) -> Screener:
        screener = Screener.load(self.settings.pack, self.settings.model)
        screener.assess({"child_id": "warm", "birth_date": "2020-01-01", "as_of": "2026-01-01"})
        return screener

    def ready(self) -> Screener:
        """The screener, or 503."""
        if self.screener is None:
            raise HTTPException(503, "not ready: the pack and the model are not loaded")
        return self.screener

    async def assess(self, work: Callable[..., str], *arguments: Any) -> str:
        """What `work` gives, in a thread; 503 where too many wait already."""
        if self.waiting >= self.settings.most_waiting:
            raise HTTPException(503, "too many requests wait: try again", {"retry-after": "1"})
        self.waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self.threads, work, *arguments)
        finally:
            self.waiting -= 1


def assessed(
    screener: Screener, body: bytes, as_of: str | None, language: str | None, quotes: bool
) -> str:
    """A case in, its assessment out, both as JSON; CarescreenError for what the sender can mend."""
    found = screener.assess(Case.read(body), as_of, quotes=quotes)
    if language is not None:
        found.explanation = {language: found.explanation[language]}
    return found.model_dump_json()


async def body_of(request: Request, settings: Settings) -> bytes:
    """The body of a request: JSON, of bounded size, within bounded time."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, "wanted a case as JSON, with the content type application/json")
    too_large = HTTPException(413, f"wanted a case of at most {settings.most_bytes:,} bytes")
    length = request.headers.get("content-length", "0")
    if len(length) > 12 or (length.isdecimal() and int(length) > settings.most_bytes):
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(settings.body_seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > settings.most_bytes:
                    raise too_large
    except TimeoutError:
        raise HTTPException(408, "the case did not come in time") from None
    except ClientDisconnect:
        raise HTTPException(400, "the case did not come whole") from None
    return bytes(body)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application; it begins to load its pack and model when it is started."""
    office = Office(settings or Settings.from_environment())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        loading = asyncio.create_task(office.load())
        yield
        await loading
        office.threads.shutdown()

    app = FastAPI(title="carescreen", version=__version__, lifespan=lifespan, **NO_PAGES)
    app.add_middleware(Doorway)
    for kind, answer in ANSWERS.items():
        app.add_exception_handler(kind, answer)
    app.openapi = lambda: described(app)  # type: ignore[method-assign]  # the documented way
    add_state(app, office)
    add_assess(app, office)
    return app


# Pages of documentation would load scripts from elsewhere; openapi.json describes the same.
NO_PAGES: dict[str, Any] = {"docs_url": None, "redoc_url": None}


def add_state(app: FastAPI, office: Office) -> None:
    """GET /health and GET /ready."""

    @app.get("/health", operation_id="health", summary="Whether the process answers")
    async def health() -> Alive:
        return Alive()

    @app.get(
        "/ready",
        operation_id="ready",
        summary="Whether it can assess, and with what",
        responses=problems(503),
    )
    async def ready() -> Ready:
        screener = office.ready()
        pack, model = screener.rules.pack, screener.model
        return Ready(
            carescreen=__version__,
            pack=Part(name=pack.id, digest=pack.digest, version=pack.version),
            model=Part(name=model.name, digest=model.digest),
            reader=screener.reader.digest,
            gives_probability=model.gives_probability,
        )


def add_assess(app: FastAPI, office: Office) -> None:
    """POST /assess."""

    @app.post(
        "/assess",
        operation_id="assess",
        summary="Assess one child; a person decides",
        response_model=Assessment,
        responses=problems(408, 413, 415, 422, 503),
        openapi_extra={"requestBody": CASE_BODY},
    )
    async def assess(
        request: Request,
        as_of: Annotated[
            str | None, Query(description=AS_OF, pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
        ] = None,
        language: Annotated[Literal["zh", "en"] | None, Query(description=LANGUAGE)] = None,
        quotes: Annotated[bool, Query(description=QUOTES)] = False,
    ) -> Response:
        screener = office.ready()
        if not request.query_params.keys() <= WANTED.keys():
            raise HTTPException(422, f"wanted no other parameter than {', '.join(WANTED)}")
        body = await body_of(request, office.settings)
        found = await office.assess(assessed, screener, body, as_of, language, quotes)
        return Response(found, media_type="application/json")


AS_OF = "date of the assessment; the case's own where it is left out"
LANGUAGE = "the explanation in this language alone; titles come in both"
QUOTES = "words of notes and names of sensitive matters, for who may read the child's file"
CASE_BODY = {
    "required": True,
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Case"}}},
}


PROBLEMS = {
    408: "the case did not come in time",
    413: "the case is too large",
    415: "the case is not sent as JSON",
    422: "the case or a parameter cannot be used",
    503: "not ready yet, or too many requests wait",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The statuses that come with a Problem, for the schema."""
    return {status: {"model": Problem, "description": PROBLEMS[status]} for status in statuses}


def described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI schema, with Case as the library describes it."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, routes=app.routes)
        case = Case.model_json_schema(ref_template="#/components/schemas/{model}")
        parts = {**case.pop("$defs"), "Case": case}
        schema["components"]["schemas"].update(parts)
        app.openapi_schema = schema
    return app.openapi_schema


async def refused(_: Request, error: Exception) -> Response:
    """A problem that says its status."""
    assert isinstance(error, StarletteHTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


async def wrong_query(_: Request, error: Exception) -> Response:
    """What was wanted of a parameter; never what came."""
    assert isinstance(error, RequestValidationError)
    name = str(error.errors()[0]["loc"][-1])
    wanted = WANTED.get(name, "another value")
    return JSONResponse({"error": f"{name}: wanted {wanted}"}, 422)


async def wrong_case(_: Request, error: Exception) -> Response:
    """The library's own sentence, which shows no value of a record."""
    return JSONResponse({"error": str(error)}, 422)


ANSWERS: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    StarletteHTTPException: refused,
    RequestValidationError: wrong_query,
    CarescreenError: wrong_case,
}


class Doorway:
    """Around every request: headers, a line in the log, and no traceback to anyone.

    The line has the method, a path that the service knows, the status and the time; never a query or a
    body. Of a failure it has the kind and the places in the code: a message may hold a record's value.
    """

    def __init__(self, app: Callable[[Message, Receive, Send], Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 0

        async def marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *ALWAYS]
            await send(message)

        try:
            await self.app(scope, receive, marked)
        except Exception as error:
            log_places(error)
            if not status:
                sorry = JSONResponse({"error": "the service failed; its log says where"}, 500)
                await sorry(scope, receive, marked)
        finally:
            path = scope["path"] if scope["path"] in PATHS else "-"
            method = scope["method"] if scope["method"] in METHODS else "-"
            spent = (time.perf_counter() - begun) * 1e3
            LOG.info("%s %s %d %.1f ms", method, path, status, spent)


def log_places(error: Exception) -> None:
    """Log what kind of failure came from where, without its message."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    places = ", ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
    LOG.error("failed: %s at %s", type(error).__name__, places)


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(process)d %(levelname)s %(message)s"}},
    "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {
        name: {"handlers": ["out"], "level": "INFO", "propagate": False}
        for name in ("uvicorn", "carescreen.service")
    },
}


def main() -> None:
    """Serve, or print the OpenAPI schema."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=8000)
    options.add_argument(
        "--workers", type=int, default=1, help="processes; about one for each core"
    )
    options.add_argument("--openapi", action="store_true", help="print the OpenAPI schema and stop")
    given = options.parse_args()
    if given.openapi:
        sys.stdout.write(openapi_text())
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # being told to stop is no failure
    uvicorn.run(
        "service:create_app",
        factory=True,
        app_dir=str(Path(__file__).parent),
        host=given.host,
        port=given.port,
        workers=given.workers,
        access_log=False,
        server_header=False,
        log_config=LOGGING,
        timeout_graceful_shutdown=STOP_WITHIN,
    )


def openapi_text() -> str:
    """The OpenAPI schema as it stands in examples/openapi.json."""
    return json.dumps(create_app().openapi(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    main()
