"""A certificate authority for one test, with openssl."""

import subprocess
from pathlib import Path

CONFIGURATION = """
[ca]
default_ca = this
[this]
database = {0}/index
new_certs_dir = {0}
rand_serial = yes
default_md = sha256
default_days = 2
default_crl_days = 2
policy = anything
unique_subject = no
[anything]
C = optional
O = optional
OU = optional
CN = supplied
[req]
distinguished_name = none
[none]
[authority]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
[server]
subjectAltName = DNS:localhost,IP:127.0.0.1,IP:::1
extendedKeyUsage = serverAuth
[client]
extendedKeyUsage = clientAuth
[critical]
extendedKeyUsage = critical,serverAuth
"""


class Pki:
    """Files below `folder`: cacert.pem, and NAMEcert.pem and NAMEkey.pem of what was issued."""

    def __init__(self, folder: Path, name: str = "Test CA"):
        folder.mkdir()
        self.folder = folder
        self.configuration = folder / "openssl.cnf"
        self.configuration.write_text(CONFIGURATION.format(folder))
        (folder / "index").touch()
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3", "-subj", f"/CN={name}",
                      "-extensions", "authority", "-config", self.configuration, "-keyout", folder / "cakey.pem", "-out", self.authority)

    @property
    def authority(self) -> Path:
        return self.folder / "cacert.pem"

    @property
    def revocations(self) -> Path:
        return self.folder / "crl.pem"

    def issue(self, name: str, subject: str, kind: str, *dates: str) -> tuple[Path, Path]:
        """Certificate and key; `dates` are openssl ca's options. The one before of the same name is replaced as a whole."""
        certificate, key = self.folder / f"{name}cert.pem", self.folder / f"{name}key.pem"
        request, new = self.folder / "request.pem", self.folder / "new.pem"
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject,
                      "-config", self.configuration, "-keyout", key, "-out", request)
        self._openssl("ca", "-batch", "-notext", "-config", self.configuration, "-extensions", kind, "-cert", self.authority,
                      "-keyfile", self.folder / "cakey.pem", "-in", request, "-out", new, *dates)
        new.rename(certificate)
        return certificate, key

    def revoke(self, *certificates: Path) -> Path:
        """Writes the revocation list, with these on it."""
        for certificate in certificates:
            self._ca("-revoke", certificate)
        self._ca("-gencrl", "-out", self.revocations)
        return self.revocations

    def server_settings(self) -> dict:
        """libvirtd.conf's keys for a server with a certificate of its own, named server."""
        certificate, key = self.issue("server", "/O=Cistern/CN=localhost", "server")
        return {"listen_tls": 1, "ca_file": str(self.authority), "cert_file": str(certificate), "key_file": str(key)}

    def client(self, name: str, subject: str, kind: str = "client", *dates: str, trusting: Path | None = None) -> Path:
        """A folder for a URI's pkipath; the client trusts this CA, and another one if told."""
        certificate, key = self.issue(name, subject, kind, *dates)
        folder = self.folder / name
        folder.mkdir()
        (folder / "clientcert.pem").write_bytes(certificate.read_bytes())
        (folder / "clientkey.pem").write_bytes(key.read_bytes())
        (folder / "cacert.pem").write_bytes(self.authority.read_bytes() + (trusting.read_bytes() if trusting else b""))
        return folder

    def _ca(self, *arguments) -> None:
        self._openssl("ca", "-config", self.configuration, "-cert", self.authority, "-keyfile", self.folder / "cakey.pem", *arguments)

    @staticmethod
    def _openssl(*arguments) -> None:
        done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True)
        assert done.returncode == 0, f"openssl {arguments}: {done.stderr}"
