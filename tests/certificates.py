"""Certificates for tests, made by openssl."""

import subprocess
from pathlib import Path

_CURVE = ("-pkeyopt", "ec_paramgen_curve:prime256v1")


class Authority:
    """Certificates in a folder, all signed by one of them."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._openssl("req", "-x509", "-newkey", "ec", *_CURVE, "-nodes", "-days", "2", "-subj", "/CN=authority",
                      "-keyout", "ca.key", "-out", "ca.pem")  # fmt: skip

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self._folder, check=True, capture_output=True)

    def issue(self, name: str) -> tuple[Path, Path]:
        """The certificate and the key of `name`."""
        self._openssl("req", "-newkey", "ec", *_CURVE, "-nodes", "-subj", f"/CN={name}",
                      "-keyout", f"{name}.key", "-out", f"{name}.csr")  # fmt: skip
        extension = self._folder / "extension"
        extension.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2",
                      "-extfile", "extension", "-out", f"{name}.pem")  # fmt: skip
        return self._folder / f"{name}.pem", self._folder / f"{name}.key"

    @property
    def certificate(self) -> Path:
        """The authority's own."""
        return self._folder / "ca.pem"
