"""The example service: one child over HTTP, private by default, and gone without losing a request."""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal
from urllib.parse import quote

import pytest

from carescreen import Assessment, Case
from tests.shipped import shipped_screener

for library in ("fastapi", "uvicorn"):
    why = f"{library} is not installed: pip install 'carescreen[service]'"
    pytest.importorskip(library, reason=why)

import uvicorn  # noqa: E402  where it is installed

ROOT = Path(__file__).parents[2]
SERVICE = ROOT / "examples" / "service.py"
CASE: dict[str, Any] = json.loads((ROOT / "examples" / "case.json").read_text("utf-8"))
VISIT: dict[str, Any] = CASE["visits"][0]
SECRET = "欧阳小草7391"
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def service() -> Iterator[ModuleType]:
    described = importlib.util.spec_from_file_location("service", SERVICE)
    assert described is not None
    module = importlib.util.module_from_spec(described)
    sys.modules["service"] = module
    described.loader.exec_module(module)
    yield module
    del sys.modules["service"]


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Client:
    """Asks a service on this machine."""

    port: int

    def get(self, path: str) -> Answer:
        return self._ask("GET", path)

    def post(self, path: str, case: object = None, **sent: Any) -> Answer:
        body = sent.get("content", json.dumps(case).encode())
        return self._ask("POST", path, body, sent.get("headers", JSON))

    def when_ready(self) -> Client:
        for _ in range(600):
            with contextlib.suppress(OSError):
                if self.get("/ready").status == 200:
                    return self
            time.sleep(0.1)
        raise TimeoutError("the service did not become ready")

    def _ask(self, method: str, path: str, body: Any = None, headers: Any = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, quote(path, safe="/?=&-"), body, headers or {})
            found = connection.getresponse()
            low = {name.lower(): value for name, value in found.getheaders()}
            return Answer(found.status, low, found.read().decode())


@contextlib.contextmanager
def running(app: object, lifespan: Literal["on", "off"] = "on") -> Iterator[Client]:
    """The application behind a real server, in a thread of this process."""
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan=lifespan)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield Client(server.servers[0].sockets[0].getsockname()[1])
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def client(service: ModuleType) -> Iterator[Client]:
    with running(service.create_app()) as client:
        yield client.when_ready()


def test_the_schema_beside_it_is_the_one_it_has(service: ModuleType, client: Client) -> None:
    published = (ROOT / "examples" / "openapi.json").read_text("utf-8")
    assert json.loads(service.openapi_text()) == json.loads(published)
    schema = client.get("/openapi.json").json()
    body = schema["paths"]["/assess"]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"] == {"$ref": "#/components/schemas/Case"}
    assert schema["components"]["schemas"]["Case"]["properties"].keys() == Case.model_fields.keys()


def test_it_answers_what_the_library_gives_and_quotes_only_when_asked(client: Client) -> None:
    screener = shipped_screener()
    private = client.post("/assess", CASE)
    assert Assessment.model_validate(private.json()) == screener.assess(CASE, quotes=False)
    assert private.json()["redacted"]
    whole = client.post("/assess?quotes=true&as_of=2026-11-08&language=zh", CASE).json()
    wanted = screener.assess(CASE, "2026-11-08")
    assert whole.pop("explanation") == {"zh": wanted.explanation["zh"]}
    assert Assessment.model_validate({**whole, "explanation": wanted.explanation}) == wanted


def test_without_quotes_no_word_of_a_note_and_no_sensitive_matter_is_in_the_answer(
    client: Client,
) -> None:
    note = f"{SECRET}说孩子一个人在家，又被打了，胳膊上有青紫。"
    case = {**CASE, "visits": [{**VISIT, "note": note}], "household": {"household_dv": "current"}}
    asked = client.post("/assess?quotes=true", case).text
    private = client.post("/assess", case).text
    assert SECRET in asked or "被打" in asked
    for words in (SECRET, "被打", "一个人在家", "青紫"):
        assert words not in private, words
    sensitive = [c for c in json.loads(asked)["concerns"] if c["sensitive"]]
    for concern in sensitive:
        assert concern["rule"] not in private
        assert concern["code"] in private
    assert sensitive


def test_before_it_has_loaded_it_is_alive_and_not_ready(service: ModuleType) -> None:
    with running(service.create_app(), lifespan="off") as client:  # nothing begins to load
        assert client.get("/health").json() == {"status": "alive"}
        for answer in (client.get("/ready"), client.post("/assess", CASE)):
            assert answer.status == 503
            assert "not ready" in answer.json()["error"]


def test_ready_says_what_assesses_here(client: Client) -> None:
    screener, said = shipped_screener(), client.get("/ready").json()
    assert said["pack"]["digest"] == screener.rules.pack.digest
    assert said["model"] == {"name": "evidence", "digest": screener.model.digest, "version": None}
    assert said["reader"] == screener.reader.digest
    assert said["gives_probability"] is False


def test_a_pack_that_cannot_be_loaded_is_never_ready(
    service: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    with running(service.create_app(service.Settings(pack="no-such-pack"))) as client:
        while "never ready" not in caplog.text:
            time.sleep(0.01)
        assert client.get("/health").status == 200
        assert client.get("/ready").status == 503
    assert "no-such-pack" in caplog.text


def sent_as(body: object) -> bytes:
    if isinstance(body, bytes):
        return body
    return (body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)).encode()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"child_id": SECRET, "birth_date": "2018-03-01"}, "needs a date"),
        ({**CASE, "as_of": SECRET}, "as_of: wanted a date"),
        ({**CASE, "visits": SECRET}, "visits: wanted a list, came a text"),
        ({**CASE, "visits": [{"note": SECRET}]}, "visit_id is missing"),
        ({**CASE, "child_id": [SECRET]}, "child_id: wanted a text"),
        ({**CASE, SECRET: "yes"}, "has a key, which is neither"),
        ({**CASE, "visits": [{**VISIT, SECRET: 1}]}, r"visits[0] has a key"),
        ({**CASE, "household": {SECRET: {"a": 1}}}, "household.(a key): wanted"),
        ({**CASE, "mother_statuss": SECRET}, "did you mean 'mother_status'"),
        ({**CASE, "mother_status": {"a": SECRET}}, "mother_status: wanted a word"),
        (
            {**CASE, "recorded_at": "2027-01-01", "household_id": SECRET, "visits": []},
            "no child was",
        ),
        ([SECRET], "the case: wanted an object"),
        (f'{{"child_id": "{SECRET}"', "not valid JSON"),
        (f'"{SECRET}"', "the case: wanted an object"),
        (b"\xff\xfe" + SECRET.encode(), "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("", "not valid JSON"),
    ],
)
def test_a_mistake_is_told_in_a_sentence_without_a_value(
    client: Client, caplog: pytest.LogCaptureFixture, body: Any, words: str
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = client.post("/assess", content=sent_as(body))
    assert answer.status == 422
    assert words in answer.json()["error"]
    assert SECRET not in answer.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (f"as_of={SECRET}", "as_of: wanted a date"),
        ("as_of=2026-13-45", "as-of must be a date"),
        (f"language={SECRET}", "language: wanted zh or en"),
        (f"quotes={SECRET}", "quotes: wanted true or false"),
        (f"child_id={SECRET}", "wanted no other parameter"),
    ],
)
def test_a_wrong_parameter_is_refused_and_not_repeated(
    client: Client, caplog: pytest.LogCaptureFixture, query: str, words: str
) -> None:
    caplog.set_level(logging.INFO, "carescreen.service")
    answer = client.post(f"/assess?{query}", CASE)
    assert answer.status == 422
    assert words in answer.json()["error"]
    while "POST /assess 422" not in caplog.text:  # written once the answer is out
        time.sleep(0.01)
    assert SECRET not in answer.text + caplog.text


def test_what_is_no_small_json_is_refused(service: ModuleType, client: Client) -> None:
    def in_parts() -> Iterator[bytes]:
        yield from [b" " * 400] * 3

    small = service.create_app(service.Settings(most_bytes=1000, body_seconds=0.5))
    with running(small) as strict:
        strict.when_ready()
        for body in (b" " * 1001, in_parts()):
            answer = strict.post("/assess", content=body)
            assert answer.status == 413
            assert answer.json() == {"error": "wanted a case of at most 1,000 bytes"}
        late = {**JSON, "content-length": "900"}  # and no body comes
        assert strict.post("/assess", content=b"", headers=late).status == 408
    for kind in ({}, {"content-type": "application/x-www-form-urlencoded"}):
        answer = client.post("/assess", content=json.dumps(CASE).encode(), headers=kind)
        assert answer.status == 415


def test_every_answer_says_that_nobody_may_store_it(client: Client) -> None:
    for answer in (
        client.post("/assess", CASE),
        client.post("/assess", {}),
        client.get("/assess"),
        client.get(f"/children/{SECRET}"),
        client.get("/ready"),
    ):
        assert answer.headers["cache-control"] == "no-store"
        assert SECRET not in answer.text


def test_a_failure_shows_no_value_to_the_client_or_in_the_log(
    service: ModuleType,
    client: Client,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def failing(*_: object) -> str:
        raise ValueError(SECRET)

    monkeypatch.setattr(service, "assessed", failing)
    answer = client.post("/assess", CASE)
    assert answer.status == 500
    assert SECRET not in answer.text + caplog.text
    assert "Traceback" not in answer.text + caplog.text
    assert "ValueError at " in caplog.text
    assert "test_service.py:" in caplog.text


def test_who_comes_when_too_many_wait_is_asked_to_come_again(
    service: ModuleType,
) -> None:
    app = service.create_app(service.Settings(most_waiting=0))
    with running(app) as crowded:
        answer = crowded.when_ready().post("/assess", CASE)
    assert answer.status == 503
    assert answer.headers["retry-after"] == "1"


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_told_to_stop_it_finishes_what_runs_and_takes_nothing_new(workers: int) -> None:
    port = _free_port()
    process = subprocess.Popen(
        [sys.executable, SERVICE, "--port", str(port), "--workers", str(workers)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "CARESCREEN_THREADS": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    client = Client(port)
    try:
        log = _until_ready(process, workers)
        many = [{**VISIT, "visit_id": f"N{n}", "note": f"{VISIT['note']}{n}"} for n in range(1500)]
        answers: list[Answer] = []
        asking = threading.Thread(
            target=lambda: answers.append(client.post("/assess", {**CASE, "visits": many}))
        )
        asking.start()
        time.sleep(1.0)
        process.send_signal(signal.SIGTERM)
        asking.join()
        log += process.communicate(timeout=60)[0]
    finally:
        process.kill()
    assert [answer.status for answer in answers] == [200]
    assert process.returncode == 0
    assert "POST /assess 200" in log
    assert CASE["child_id"] not in log
    with pytest.raises(ConnectionError):
        client.get("/health")


def _until_ready(process: subprocess.Popen[str], workers: int) -> str:
    """What is logged until each worker process has loaded what it needs: any of them may be asked."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if sum(one.rstrip().endswith(" ready") for one in lines) == workers:
            return "".join(lines)
    raise AssertionError("the service ended before it was ready")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
