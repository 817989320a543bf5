"""Certificates made on the spot, by the openssl program."""

from __future__ import annotations

import ssl
import subprocess
import tempfile
from pathlib import Path

from .process import program

AUTHORITY = """\
[ca]
default_ca = authority
[authority]
database = ca.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
copy_extensions = copy
policy = policy
[policy]
commonName = supplied
"""
NAMES = "DNS:localhost,IP:127.0.0.1,IP:::1"


class Certificates:
    """A CA and what it signed, as PEM files in a folder; each with its key beside it.

        ca          the authority clients are told to trust
        server      for localhost, 127.0.0.1 and ::1
        client      shown by clients
        other_name  for elsewhere.invalid, by the same authority
        expired     as `server`, but its time is over
        other_ca    an authority nobody trusts
        other       as `server`, by other_ca

    About 0.2 s. Made for tests: the keys are not protected, and nothing is revoked.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        if folder is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="pinyon-")
            folder = Path(self._temporary.name)
        self._openssl = program("openssl")
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ca = self._authority("ca")
        self.server = self._signed("server", self.ca, NAMES)
        self.client = self._signed("client", self.ca, "DNS:client")
        self.other_name = self._signed("other_name", self.ca, "DNS:elsewhere.invalid")
        self.expired = self._expired()
        self.other_ca = self._authority("other_ca")
        self.other = self._signed("other", self.other_ca, NAMES)

    def close(self) -> None:
        if self._temporary is not None:
            self._temporary.cleanup()

    @staticmethod
    def key(certificate: Path) -> Path:
        """The file with the key of one of the certificates."""
        return certificate.with_suffix(".key")

    @property
    def server_key(self) -> Path:
        return self.key(self.server)

    @property
    def client_key(self) -> Path:
        return self.key(self.client)

    def context(self) -> ssl.SSLContext:
        """How a client of these is to speak TLS, with its own certificate."""
        context = ssl.create_default_context(cafile=str(self.ca))
        context.load_cert_chain(self.client, self.client_key)
        return context

    # ---- the program

    def _run(self, *args: object) -> None:
        done = subprocess.run(
            [self._openssl, *map(str, args)],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, f"openssl {args[0]}: {done.stdout}"

    def _request(self, name: str, *more: object) -> Path:
        path = self.folder / f"{name}.pem"
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        files = ("-keyout", self.key(path), "-out", path)
        self._run("req", *curve, "-subj", f"/CN={name}", *files, *more)
        return path

    def _authority(self, name: str) -> Path:
        return self._request(name, "-x509", "-days", 2)

    def _signed(self, name: str, ca: Path, names: str) -> Path:
        more = ("-addext", f"subjectAltName={names}", "-x509", "-days", 2)
        signer = ("-CA", ca, "-CAkey", self.key(ca))
        return self._request(
            name, *more, *signer, "-addext", "basicConstraints=CA:FALSE"
        )

    def _expired(self) -> Path:
        """Only `openssl ca` of every version takes dates of the past."""
        request = self.folder / "expired.csr"
        path = self._request("expired", "-new", "-addext", f"subjectAltName={NAMES}")
        path.rename(request)
        (self.folder / "ca.txt").touch()
        (self.folder / "ca.conf").write_text(AUTHORITY)
        signer = ("-cert", self.ca, "-keyfile", self.key(self.ca))
        dates = ("-startdate", "20200101000000Z", "-enddate", "20200102000000Z")
        files = ("-in", request, "-out", path)
        self._run(
            "ca", "-batch", "-notext", "-config", "ca.conf", *signer, *dates, *files
        )
        return path
