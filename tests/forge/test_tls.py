"""The same over TLS, as with the real forges: who is not trusted gets nothing, who drips or hangs is cut off."""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import os
import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from foreman.errors import ForgeError, ForgeUnavailable
from tests.forge.dialects import Dialect, Reach
from tests.forge.scripted import Answer, ScriptedServer


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody but this file vouches for, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.now(UTC)
    address = ipaddress.ip_address("127.0.0.1")
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(address)]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .add_extension(_usage(), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path


def _usage() -> x509.KeyUsage:
    """What newer interpreters want to see on an issuer's certificate."""
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


@pytest.fixture
def tls_server(certificate: Path) -> Iterator[ScriptedServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = ScriptedServer(context)
    yield server
    server.close()


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_company_certificate_is_taken_from_the_environment(
    variable: str,
    certificate: Path,
    tls_server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
    reach: Reach,
    dialect: Dialect,
) -> None:
    for other in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(variable, str(certificate))
    tls_server.will(Answer(200, dialect.issue()), Answer(201, dialect.comment()))
    forge = reach(tls_server.url)

    assert forge.issue(dialect.ref).ref == dialect.ref
    assert forge.post_comment(dialect.ref, "hello") == 55


def test_a_server_that_nobody_vouches_for_gets_nothing(
    tls_server: ScriptedServer, reach: Reach, dialect: Dialect
) -> None:
    tls_server.will(Answer(201, dialect.comment()))

    with pytest.raises(ForgeUnavailable, match="cannot connect: its certificate is not trusted") as raised:
        reach(tls_server.url).post_comment(dialect.ref, "hello")

    assert raised.value.sent is False
    assert tls_server.asked == []


_WHO = ":".join(("ann", "open"))


class Proxy:
    """Connects whoever asks for it, and keeps what it was asked."""

    def __init__(self, answer: bytes = b"200 Connection established") -> None:
        self.asked: list[str] = []
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                theirs, _ = self._listener.accept()
                head = b""
                while b"\r\n\r\n" not in head:
                    head += theirs.recv(4096)
                self.asked.append(head.decode())
                if not self._answer.startswith(b"200"):
                    theirs.sendall(b"HTTP/1.1 %s\r\n\r\n" % self._answer)
                    theirs.close()
                    continue
                host, _, port = head.split()[1].decode().rpartition(":")
                onward = socket.create_connection((host, int(port)))
                theirs.sendall(b"HTTP/1.1 %s\r\n\r\n" % self._answer)
                for one, other in ((theirs, onward), (onward, theirs)):
                    self._threads.append(threading.Thread(target=_pass_on, args=(one, other), daemon=True))
                    self._threads[-1].start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(60)


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError), one:
        while piece := one.recv(65536):
            other.sendall(piece)
        other.shutdown(socket.SHUT_WR)


@pytest.fixture
def no_proxy_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("no_proxy_yet")
def test_the_environments_proxy_connects_and_sees_no_token(
    tls_server: ScriptedServer, trusted: None, monkeypatch: pytest.MonkeyPatch, reach: Reach, dialect: Dialect
) -> None:
    proxy = Proxy()
    monkeypatch.setenv("https_proxy", f"http://{_WHO}@{proxy.address}")
    tls_server.will(Answer(200, dialect.issue()))
    forge = reach(tls_server.url)

    forge.issue(dialect.ref)
    forge.issue(dialect.ref)
    forge.disconnect()
    proxy.close()

    assert len(tls_server.asked) == 2
    (asked,) = proxy.asked
    assert asked.startswith("CONNECT 127.0.0.1:")
    assert f"Proxy-Authorization: Basic {base64.b64encode(_WHO.encode()).decode()}" in asked
    assert "t0ken" not in asked


@pytest.mark.usefixtures("no_proxy_yet")
@pytest.mark.parametrize(
    ("proxy", "why"),
    [
        (f"socks5h://{_WHO}@127.0.0.1:9", "only those at http:// and https:// are understood"),
        (f"gopher://{_WHO}@127.0.0.1:9", "only those at http:// and https:// are understood"),
        (f"http://{_WHO}@127.0.0.1:notaport", "its address is none"),
        (f"http://{_WHO}@127.0.0.1:9", "nobody listens there, or no way leads there"),
        (f"http://{_WHO}@no-such-host.invalid:9", "its name cannot be looked up"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_named_as_what_is_in_the_way(
    proxy: str, why: str, monkeypatch: pytest.MonkeyPatch, reach: Reach, dialect: Dialect
) -> None:
    monkeypatch.setenv("https_proxy", proxy)

    with pytest.raises(ForgeUnavailable) as caught:
        reach("https://forge.example").issue(dialect.ref)

    assert f"cannot connect: the proxy of the environment (HTTPS_PROXY): {why}" in str(caught.value)
    assert not caught.value.sent
    assert "open" not in str(caught.value)


@pytest.mark.usefixtures("no_proxy_yet")
def test_a_proxy_that_refuses_is_told_by_its_status_alone_and_nothing_was_sent(
    monkeypatch: pytest.MonkeyPatch, reach: Reach, dialect: Dialect
) -> None:
    proxy = Proxy(b"407 Pay \x1b[31mme")
    monkeypatch.setenv("https_proxy", f"http://{_WHO}@{proxy.address}")

    with pytest.raises(ForgeUnavailable) as caught:
        reach("https://forge.example").issue(dialect.ref)
    proxy.close()

    assert str(caught.value).endswith("the proxy of the environment (HTTPS_PROXY): it answers 407")
    assert not caught.value.sent


def test_who_is_trusted_is_read_again_when_it_was_changed(
    certificate: Path,
    tls_server: ScriptedServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    reach: Reach,
    dialect: Dialect,
) -> None:
    bundle = tmp_path / "bundle.pem"
    shutil.copy(DEFAULT_CA_BUNDLE_PATH, bundle)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    tls_server.will(Answer(200, dialect.issue()))
    forge = reach(tls_server.url)
    with pytest.raises(ForgeUnavailable, match="cannot connect"):
        forge.issue(dialect.ref)

    shutil.copy(certificate, bundle)
    os.utime(bundle, (1, 1))

    assert forge.issue(dialect.ref).ref == dialect.ref


def test_a_head_that_drips_is_cut_off(
    tls_server: ScriptedServer, trusted: None, reach: Reach, dialect: Dialect
) -> None:
    stop = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while not stop.wait(0.02):
            try:
                connection.sendall(b"a")
            except OSError:
                return

    tls_server.will(drip)

    with pytest.raises(ForgeUnavailable, match="no answer in time"):
        reach(tls_server.url, timeout_seconds=1).issue(dialect.ref)
    stop.set()


def test_what_hangs_is_broken_off(tls_server: ScriptedServer, trusted: None, reach: Reach, dialect: Dialect) -> None:
    arrived, released = threading.Event(), threading.Event()

    def hold(connection: socket.socket) -> None:
        arrived.set()
        released.wait(120)

    tls_server.will(hold)
    forge = reach(tls_server.url, timeout_seconds=60)
    errors: list[ForgeError] = []

    def read() -> None:
        try:
            forge.issue(dialect.ref)
        except ForgeError as error:
            errors.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    assert arrived.wait(60)
    forge.disconnect()
    thread.join(60)
    released.set()

    assert not thread.is_alive()
    assert isinstance(errors[0], ForgeUnavailable)
