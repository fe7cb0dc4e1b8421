"""Load the example service on this machine: requests per second and core, latency, errors, memory.

python benchmarks/service_load.py [--requests 20000] [--connections 4] [--workers 1] [--minutes 40]

Starts examples/service.py on 127.0.0.1, asks over connections that stay open, each with one request
at a time, and stops it. Every answer is checked: status 200, and the child that was asked about. The
reference is GET /health over the same connections: what HTTP costs without an assessment.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from cases import synthetic_cases
from one_case import resident

ROOT = Path(__file__).parents[1]
CHILDREN = 500
WARM = 1000
REFERENCE = 5000
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Ask:
    """A request as bytes, and what its answer's body begins with."""

    sent: bytes
    begins: bytes


@dataclass
class Tally:
    """Milliseconds of each answer and what went wrong, by kind."""

    laps: list[float] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)

    def line(self) -> str:
        """Median, 99th percentile and errors."""
        found = sorted(self.laps)
        median, late = found[len(found) // 2], found[len(found) * 99 // 100]
        wrong = sum(self.errors.values())
        return f"median {median:.1f} ms, p99 {late:.1f} ms, max {found[-1]:.1f} ms, errors {wrong}"


def asks() -> list[Ask]:
    """A request for each of some invented children."""
    found = []
    for case in synthetic_cases(CHILDREN):
        body = json.dumps(case, ensure_ascii=False).encode()
        head = (
            "POST /assess HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        found.append(Ask(head.encode() + body, f'{{"child_id":"{case["child_id"]}"'.encode()))
    return found


HEALTH = Ask(b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n", b'{"status":"alive"')


async def one_connection(port: int, queue: list[Ask], until: float, tally: Tally) -> None:
    """Ask until the queue is empty or the time is over; a connection that breaks is opened again."""
    while queue and time.monotonic() < until:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            while queue and time.monotonic() < until:
                await one_answer(reader, writer, queue.pop(), tally)
        except (OSError, asyncio.IncompleteReadError) as error:
            kind = type(error).__name__
            tally.errors[kind] = tally.errors.get(kind, 0) + 1
        finally:
            writer.close()


async def one_answer(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ask: Ask, tally: Tally
) -> None:
    """Send one request, read its answer, and look whether it is the right one."""
    begun = time.perf_counter()
    writer.write(ask.sent)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
    body = await reader.readexactly(length)
    tally.laps.append((time.perf_counter() - begun) * 1e3)
    kind = head.partition(b" ")[2][:3].decode()
    if kind != "200" or not body.startswith(ask.begins):
        kind = "another answer" if kind == "200" else kind
        tally.errors[kind] = tally.errors.get(kind, 0) + 1


def load(port: int, queue: list[Ask], connections: int, minutes: float) -> tuple[Tally, float]:
    """Ask everything in the queue over some connections; what came, and the wall seconds."""
    tally, until = Tally(), time.monotonic() + minutes * 60

    async def everyone() -> None:
        each = (one_connection(port, queue, until, tally) for _ in range(connections))
        await asyncio.gather(*each)

    begun = time.perf_counter()
    asyncio.run(everyone())
    return tally, time.perf_counter() - begun


def family(process: int) -> list[int]:
    """A process and its children, which a service with several workers has."""
    path = Path(f"/proc/{process}/task/{process}/children")
    return [process, *(int(child) for child in path.read_text().split())]


def cpu_seconds(process: int) -> float:
    """Processor seconds of a process and its children so far (Linux)."""
    ticks = 0
    for each in family(process):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS


def memory(process: int) -> float:
    """MiB that a process and its children hold."""
    return sum(resident(each) for each in family(process)) / 1024


def started(workers: int) -> tuple[subprocess.Popen[bytes], int]:
    """The service, once it is ready, and its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [ROOT / "examples" / "service.py", "--port", str(port), "--workers", str(workers)]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([sys.executable, *command], stdout=quiet, stderr=quiet)
    until = time.monotonic() + 120
    ready = Ask(HEALTH.sent.replace(b"/health", b"/ready"), b'{"status":"ready"')
    while time.monotonic() < until and process.poll() is None:
        try:
            tally, _ = load(port, [ready] * workers, workers, 1)
        except OSError:
            tally = Tally(errors={"not yet": 1})
        if not tally.errors:
            return process, port
        time.sleep(0.2)
    process.kill()
    raise TimeoutError("the service did not become ready within two minutes")


def measure(process: int, port: int, given: argparse.Namespace) -> None:
    """Print the reference, the load and the memory."""
    many = asks()
    load(port, (many * 2)[:WARM], given.connections, given.minutes)
    health, wall = load(port, [HEALTH] * REFERENCE, given.connections, given.minutes)
    print(f"GET /health, {REFERENCE:,} requests: {REFERENCE / wall:.0f} a second; {health.line()}")
    before, busy = memory(process), cpu_seconds(process)
    queue = [many[number % CHILDREN] for number in range(given.requests)]
    tally, wall = load(port, queue, given.connections, given.minutes)
    spent, done = cpu_seconds(process) - busy, len(tally.laps)
    print(
        f"POST /assess, {done:,} requests in {wall:.0f} s: {done / wall:.0f} a second of wall time"
    )
    print(
        f"{done / spent:.0f} a second and core: {spent / done * 1e3:.2f} ms of the server's processor"
    )
    print(tally.line(), tally.errors or "")
    print(f"memory before {before:.1f} MiB, after {memory(process):.1f} MiB")
    if done < given.requests:
        print(f"the time was over before {given.requests:,} requests were made")


def main() -> None:
    """Start the service, load it, stop it."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--requests", type=int, default=20_000)
    options.add_argument("--connections", type=int, default=4)
    options.add_argument("--workers", type=int, default=1)
    options.add_argument("--minutes", type=float, default=40.0, help="stop after so long")
    given = options.parse_args()
    process, port = started(given.workers)
    try:
        measure(process.pid, port, given)
        process.send_signal(signal.SIGTERM)
        print(f"told to stop, it ended with {process.wait(60)}")
    finally:
        process.kill()


if __name__ == "__main__":
    main()
