"""Secrets and the documents of encrypted volumes."""

import os
import subprocess
import tempfile

import libvirt

from pools import MIB

PASSPHRASE = "a passphrase with, a comma"


def secret_xml(usage: str, *, type: str = "volume", private: bool = True, ephemeral: bool = True) -> str:
    element = {"volume": "volume", "ceph": "name", "iscsi": "target"}[type]
    return (f"<secret ephemeral='{'yes' if ephemeral else 'no'}' private='{'yes' if private else 'no'}'>"
            f"<usage type='{type}'><{element}>{usage}</{element}></usage></secret>")


def patiently(call):
    """Repeats a call that makes a LUKS image as long as qemu-img cannot measure the processor, which happens by chance."""
    def repeated(*arguments):
        for _ in range(20):
            try:
                return call(*arguments)
            except libvirt.libvirtError as error:
                if "accurate CPU usage" not in error.get_error_message():
                    raise
        return call(*arguments)
    return repeated


def make_secret(conn, usage: str, value: str | None = PASSPHRASE, **shape):
    secret = conn.secretDefineXML(secret_xml(usage, **shape))
    if value is not None:
        secret.setValue(value.encode())
    return secret


def encryption_xml(*references: str, format: str = "luks", inside: str = "") -> str:
    """A reference is `uuid='…'` or `usage='…'`."""
    secrets = "".join(f"<secret type='passphrase' {reference}/>" for reference in references)
    return f"<encryption format='{format}'>{secrets}{inside}</encryption>"


def encrypted_xml(name: str, format: str, encryption: str, capacity: int = 4 * MIB, extra: str = "") -> str:
    return (f"<volume><name>{name}</name><capacity>{capacity}</capacity>"
            f"<target><format type='{format}'/>{encryption}</target>{extra}</volume>")


def read_encrypted(path, format: str) -> bytes:
    """The bytes that a guest would see, by qemu-img and the passphrase."""
    driver, key = ("luks", "key-secret") if format == "raw" else (format, "encrypt.key-secret")
    with tempfile.TemporaryDirectory() as folder:
        secret, plain = os.path.join(folder, "secret"), os.path.join(folder, "plain")
        with open(secret, "w") as file:
            file.write(PASSPHRASE)
        subprocess.run(["qemu-img", "convert", "--image-opts", "--object", f"secret,id=s,file={secret}", "-O", "raw",
                        f"driver={driver},file.filename={path},{key}=s", plain], check=True)
        with open(plain, "rb") as file:
            return file.read()
