"""Programs in other languages, in bindings/: each goes through the whole storage API of its binding, or does what a known tool does.

python3-libvirt has test_python_*.py.
"""

import os
import shutil
import subprocess
from pathlib import Path

import libvirt
import pytest

PROGRAMS = Path(__file__).parent / "bindings"
GO_PATH = Path("/usr/share/gocode")
PATIENCE = 120

# Language, how it is asked for the binding, and how a program in it begins.
INTERPRETERS = {
    "perl": (["perl", "-MSys::Virt", "-e1"], ["perl"]),
    "ruby": (["ruby", "-rlibvirt", "-e", ""], ["ruby", "-W0"]),
    "fog": (["ruby", "-W0", "-rfog/libvirt", "-e", ""], ["ruby", "-W0"]),
    "php": (["php", "-d", "extension=libvirt-php.so", "-r", "exit(extension_loaded('libvirt') ? 0 : 1);"], ["php", "-d", "extension=libvirt-php.so"]),
}


def run(command: list, **keywords) -> subprocess.CompletedProcess:
    return subprocess.run([*map(str, command)], text=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, **keywords)


def interpreted(language: str, program: str) -> list:
    probe, command = INTERPRETERS[language]
    if shutil.which(probe[0]) is None or run(probe).returncode != 0:
        pytest.skip(f"libvirt's binding for {language} is not installed")
    return [*command, PROGRAMS / program]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """Builds one of the Go programs from Debian's Go packages, without network."""
    def build(program: str) -> list:
        if shutil.which("go") is None or not (GO_PATH / "src/github.com/digitalocean/go-libvirt").exists():
            pytest.skip("the pure-Go client is not installed")
        binary = folder / program
        if not binary.exists():
            environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GOPATH": str(GO_PATH), "GO111MODULE": "off", "GOCACHE": str(folder / "cache")}
            done = run(["go", "build", "-o", binary, f"{program}.go", "common.go"], cwd=PROGRAMS, env=environment)
            assert done.returncode == 0, done.stderr
        return [binary]

    folder = tmp_path_factory.mktemp("go")
    return build


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """A qcow2 image of 1 GiB with some content."""
    file = tmp_path_factory.mktemp("image") / "box.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", file, "1G"], check=True)
    subprocess.run(["qemu-io", "-c", "write -P 7 100M 5M", file], check=True, stdout=subprocess.DEVNULL)
    return file


@pytest.fixture
def address(server, transport) -> str:
    """What the Go client takes for a URI."""
    return f"127.0.0.1:{server.port}" if transport == "tcp" else server.unix_path


@pytest.fixture
def whole(server, tmp_path):
    """Runs a program: it must come to its end, and leave neither pool nor secret."""
    def check(command: list, *arguments) -> None:
        done = run([*command, *arguments])
        assert (done.returncode, done.stdout) == (0, "whole\n"), done.stderr
        conn = libvirt.open(server.uri())
        assert (conn.listAllStoragePools(), conn.listAllSecrets()) == ([], [])
        conn.close()
    return check


@pytest.mark.parametrize("language, program", [("perl", "walk.pl"), ("ruby", "walk.rb"), ("php", "walk.php")])
def test_a_binding_goes_through_the_storage_api(server, transport, tmp_path, whole, language, program):
    whole(interpreted(language, program), server.uri(transport), tmp_path)


def test_the_pure_go_client_goes_through_the_storage_api(address, tmp_path, compiled, whole):
    whole(compiled("walk"), address, tmp_path)


@pytest.mark.cistern_only("libvirtd refuses to refresh a pool with an upload under way; the provider then tries again")
def test_what_terraforms_provider_calls(address, tmp_path, compiled, image, whole):
    whole(compiled("terraform"), address, tmp_path, image)


def test_what_vagrants_plugin_does(server, transport, tmp_path, image, whole):
    whole(interpreted("fog", "vagrant.rb"), server.uri(transport), tmp_path, image)
