"""A real Kafka broker without Docker or system Java, for tests, benchmarks and ``make kafka-up``.

``python -m tests.support.kafka up|down``; ``KAFKA`` or ``SLM_KAFKA`` in the environment names a broker to use instead.
"""

from __future__ import annotations

import base64
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

from tests.support.kafka_jars import class_path, java
from tests.support.processes import free_port

START_SECONDS = 60.0
JVM = ("-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
UP_FOLDER = Path(".slm/kafka")
UP_PORT = 19092

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={data}
num.partitions=3
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
log.retention.check.interval.ms=1000
message.max.bytes=16777216
replica.fetch.max.bytes=16777216
"""

LOGGING = """\
rootLogger.level=WARN
rootLogger.appenderRef.console.ref=console
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d %p %c{1} %m%n
"""


class Broker:
    """One Kafka broker in a folder of its own. Fault tests ``crash`` it and ``start`` it again."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self._folder = folder
        self._port, self._controller = (port, port + 1) if port else (free_port(), free_port())
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the broker and wait until its port is open. Raises RuntimeError with the end of its output."""
        if not (self._folder / "server.properties").exists():
            self._format()
        with (self._folder / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._java(), "kafka.Kafka", str(self._folder / "server.properties")],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._await_port()

    def stop(self) -> None:
        """Stop the broker with SIGTERM."""
        self._end(signal.SIGTERM)

    def crash(self) -> None:
        """Kill the broker with SIGKILL; its folder stays as it is."""
        self._end(signal.SIGKILL)

    def remove(self) -> None:
        self.crash()
        shutil.rmtree(self._folder, ignore_errors=True)

    def properties(self) -> str:
        """Return the text of the broker's configuration."""
        return PROPERTIES.format(port=self._port, controller=self._controller, data=self._folder / "data")

    def format_arguments(self) -> list[str]:
        """Return further arguments for the command that formats the broker's folder."""
        return []

    def _format(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        text = self.properties()
        (self._folder / "log4j2.properties").write_text(LOGGING)
        (self._folder / "new.properties").write_text(text)
        # Behind a letter, as an id that begins with a dash would be read as an option.
        cluster = "k" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]
        arguments = ("-t", cluster, "-c", str(self._folder / "new.properties"), *self.format_arguments())
        subprocess.run(
            [*self._java(), "kafka.tools.StorageTool", "format", "--standalone", *arguments],
            check=True,
            capture_output=True,
        )
        # Last, so that an interrupted format is done again.
        (self._folder / "new.properties").rename(self._folder / "server.properties")

    def _java(self) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={self._folder / 'log4j2.properties'}"
        return [java(), *JVM, logging, "-cp", class_path()]

    def _await_port(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(0.1)
        self.crash()
        raise RuntimeError(f"Kafka did not start: {(self._folder / 'broker.log').read_text()[-2000:]}")

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(timeout=30)
        self._process = None


def given() -> str | None:
    """Return the address of the broker that the environment names; None without one."""
    return os.environ.get("KAFKA") or os.environ.get("SLM_KAFKA")


def private() -> Broker:
    """Start a new broker in a temporary folder and return it; call ``remove`` after use."""
    broker = Broker(Path(tempfile.mkdtemp(prefix="slm-kafka-")))
    try:
        broker.start()
    except BaseException:
        broker.remove()
        raise
    return broker


def up() -> int:
    """Start a broker that outlives this command, on a fixed port."""
    pid_file = UP_FOLDER / "pid"
    if pid_file.exists() and _runs(int(pid_file.read_text())):
        print(f"Kafka runs already: SLM_LOG=kafka://127.0.0.1:{UP_PORT}")
        return 0
    broker = Broker(UP_FOLDER.resolve(), UP_PORT)
    broker.start()
    pid_file.write_text(str(broker.pid))
    print(f"Kafka runs: SLM_LOG=kafka://{broker.address} (end it with: make kafka-down)")
    return 0


def down() -> int:
    """Stop the broker that ``up`` started; its records stay in .slm/kafka."""
    pid_file = UP_FOLDER / "pid"
    if not pid_file.exists():
        print("Kafka does not run.")
        return 0
    pid = int(pid_file.read_text())
    if _runs(pid):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 30
    while _runs(pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    pid_file.unlink()
    print("Kafka is stopped.")
    return 0


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    commands = {"up": up, "down": down}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit("usage: python -m tests.support.kafka up|down")
    sys.exit(commands[sys.argv[1]]())
