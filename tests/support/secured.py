"""A PostgreSQL and a Kafka that require TLS and a login, with certificates made for them."""

from __future__ import annotations

import datetime
import ipaddress
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.kafka import Broker
from tests.support.processes import free_port

PASSWORD = "a password with ' and % in it"
USER = "slm"
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


@dataclass(frozen=True)
class Certificates:
    """PEM files: a certificate authority, and a server's certificate for 127.0.0.1 that it signed."""

    authority: Path
    certificate: Path
    key: Path


def certificates(folder: Path) -> Certificates:
    """Create an authority and a server's certificate signed by it."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    authority = _signed(name, name, authority_key.public_key(), authority_key, is_authority=True)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
    served = _signed(subject, name, key.public_key(), authority_key, is_authority=False)
    folder.mkdir(parents=True, exist_ok=True)
    made = Certificates(folder / "authority.pem", folder / "server.pem", folder / "server.key")
    made.authority.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    made.certificate.write_bytes(served.public_bytes(serialization.Encoding.PEM))
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    made.key.write_bytes(key.private_bytes(pem, pkcs8, serialization.NoEncryption()))
    made.key.chmod(0o600)
    return made


def _signed(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    by: ec.EllipticCurvePrivateKey,
    *,
    is_authority: bool,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
    )
    return made.sign(by, hashes.SHA256())


def system_postgres() -> Path | None:
    """Return the folder with the programs of a PostgreSQL of this machine that supports TLS; None if there is none.

    The PostgreSQL in the wheel does not support TLS.
    """
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return found[-1].parent if found else None


class SecuredPostgres:
    """A PostgreSQL on 127.0.0.1 that accepts connections only with TLS and a password."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="slm-tls-postgres-"))
        self.port = free_port()
        self.certificates = certificates(self.folder / "certificates")
        self._owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        (self.folder / "password").write_text(PASSWORD)
        (self.folder / "data").mkdir()
        self._give()
        self._run(
            "initdb",
            "-D",
            "data",
            "-U",
            USER,
            "--pwfile=password",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
        )
        (self.folder / "data" / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
        with (self.folder / "data" / "postgresql.conf").open("a") as settings:
            settings.write(
                f"port = {self.port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\n"
                f"ssl = on\nssl_cert_file = '{self.certificates.certificate}'\n"
                f"ssl_key_file = '{self.certificates.key}'\nmax_connections = 200\n"
            )
        self._give()
        self._run("pg_ctl", "start", "-D", "data", "-l", "log", "-w", "-t", "60")

    def _give(self) -> None:
        self.folder.chmod(0o755)
        if self._owner is not None:
            for each in (self.folder, *self.folder.rglob("*")):
                os.chown(each, self._owner.pw_uid, self._owner.pw_gid)

    def _run(self, program: str, *arguments: str) -> None:
        identity = {} if self._owner is None else {"user": self._owner.pw_uid, "group": self._owner.pw_gid}
        subprocess.run(
            [str(self._programs / program), *arguments],
            check=True,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **identity,  # type: ignore[call-overload]
        )

    def remove(self) -> None:
        self._run("pg_ctl", "stop", "-D", "data", "-m", "immediate")
        shutil.rmtree(self.folder, ignore_errors=True)


_SECURED = """
listeners=CONTROLLER://127.0.0.1:{controller},{all}
advertised.listeners={all}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,TLS:SSL,BOTH:SASL_SSL,LOGIN:SASL_PLAINTEXT
inter.broker.listener.name=PLAINTEXT
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
"""
_MODULES = "org.apache.kafka.common.security"
KAFKA_PASSWORD = "kafka-pass-word-of-the-test"


class SecuredKafka(Broker):
    """A Kafka broker with three more listeners: ``tls``, ``login`` (SASL without TLS) and ``both``."""

    def __init__(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="slm-tls-kafka-"))
        super().__init__(folder)
        self.certificates = certificates(folder / "certificates")
        self.tls, self.both, self.login = (f"127.0.0.1:{free_port()}" for _ in range(3))

    def properties(self) -> str:
        keystore = self._folder / "certificates" / "keystore.pem"
        keystore.write_bytes(self.certificates.key.read_bytes() + self.certificates.certificate.read_bytes())
        listeners = {"PLAINTEXT": self.address, "TLS": self.tls, "BOTH": self.both, "LOGIN": self.login}
        told = ",".join(f"{name}://{address}" for name, address in listeners.items())
        replaced = ("listeners=", "advertised.", "listener.sec")
        kept = [line for line in super().properties().splitlines() if not line.startswith(replaced)]
        logins = {
            "plain": f'{_MODULES}.plain.PlainLoginModule required user_{USER}="{KAFKA_PASSWORD}";',
            "scram-sha-256": f"{_MODULES}.scram.ScramLoginModule required;",
            "scram-sha-512": f"{_MODULES}.scram.ScramLoginModule required;",
        }
        jaas = [
            f"listener.name.{name}.{mechanism}.sasl.jaas.config={login}"
            for name in ("both", "login")
            for mechanism, login in logins.items()
        ]
        more = _SECURED.format(controller=self._controller, keystore=keystore, all=told)
        return "\n".join([*kept, more, *jaas, ""])

    def format_arguments(self) -> list[str]:
        scram = [f"{each}=[name={USER},password={KAFKA_PASSWORD}]" for each in MECHANISMS[1:]]
        return [part for each in scram for part in ("--add-scram", each)]


def secured_kafka() -> SecuredKafka:
    """Start a secured broker and return it; call ``remove`` after use."""
    broker = SecuredKafka()
    try:
        broker.start()
    except BaseException:
        broker.remove()
        raise
    return broker
