"""The Debian package: what is in it, and its life on a fresh Debian 12, where stock virsh drives the server that it brought."""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from expect import eventually
from pki import Pki
from servers import REPOSITORY, START_TIMEOUT, free_port
from users import AS_NOBODY
from virsh import Virsh

pytestmark = pytest.mark.cistern_only("it is Cistern's own package")

PUBLISHED = REPOSITORY / "artifacts" / "publish" / "cisternd"
RELEASE = "bookworm"


def run(*argv, **keywords) -> str:
    done = subprocess.run([*map(str, argv)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **keywords)
    assert done.returncode == 0, f"{argv}: {done.stdout[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    if not PUBLISHED.exists():
        pytest.skip("nothing is published: make publish")
    if shutil.which("dpkg-shlibdeps") is None:
        pytest.skip("dpkg-dev is not installed")
    return Path(run(REPOSITORY / "packaging" / "debian" / "build", tmp_path_factory.mktemp("deb")).splitlines()[-1])


def test_lintian_finds_no_error(package):
    if shutil.which("lintian") is None:
        pytest.skip("lintian is not installed")
    run("lintian", "--fail-on", "error,warning", package, timeout=120)


def test_everything_belongs_to_root_and_the_configuration_is_kept(package):
    content = run("dpkg-deb", "--contents", package)
    assert all(line.split()[1] == "root/root" for line in content.splitlines())
    assert "/etc/libvirt/cisternd.conf" in run("dpkg-deb", "--info", package, "conffiles").split()


def test_the_same_sources_make_the_same_package(package, tmp_path):
    again = Path(run(REPOSITORY / "packaging" / "debian" / "build", tmp_path).splitlines()[-1])
    assert again.read_bytes() == package.read_bytes()


def test_bash_completes_options_and_their_values():
    def completed(*words) -> set:
        script = f"""source {REPOSITORY}/packaging/bash-completion/cisternd
            COMP_WORDS=({' '.join(f"'{word}'" for word in words)}); COMP_CWORD={len(words) - 1}; compopt() {{ :; }}
            _cisternd; printf '%s\\n' "${{COMPREPLY[@]}}\""""
        return set(run("bash", "-c", script).split())
    assert completed("cisternd", "--ti") == {"--timeout"}
    assert completed("cisternd", "--log-level", "in") == {"information"}
    assert "/etc/passwd" in completed("cisternd", "--config", "/etc/pass")
    assert completed("cisternd", "--root", "/usr/sha") == {"/usr/share"}


def test_the_manual_is_good_roff():
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    assert run("groff", "-man", "-Tutf8", "-ww", "-z", REPOSITORY / "packaging" / "man" / "cisternd.8") == ""


class Host:
    """A Debian of its own in a folder."""

    def __init__(self, root: Path):
        self.root = root

    def __call__(self, *argv) -> str:
        """Runs a command there, with /proc and nothing else of this machine's."""
        return run(*self.argv(*argv), env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}, timeout=150)

    def argv(self, *argv) -> list:
        return ["unshare", "--mount", "sh", "-c", 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"', self.root, *argv]

    def enabled(self) -> set:
        return {link.name for link in self.root.glob("etc/systemd/system/*.wants/cisternd*")}

    @property
    def socket(self) -> Path:
        return self.root / "run" / "libvirt" / "libvirt-sock"

    @contextlib.contextmanager
    def server(self, *options):
        log = self.root / "tmp" / "log"
        with open(log, "wb") as output:
            process = subprocess.Popen([*map(str, self.argv("/usr/sbin/cisternd", "--system", *options))], stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            eventually(lambda: process.poll() is not None or "try: virsh" in log.read_text(), START_TIMEOUT)
            assert process.poll() is None, log.read_text()
            yield
        finally:
            process.terminate()
            assert process.wait(START_TIMEOUT) == 0, log.read_text()


def mirror() -> str | None:
    """Where this machine has its Debian from."""
    done = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)", f"Codename: {RELEASE}", "Created-By: Packages"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.stdout.split()[0] if done.returncode == 0 and done.stdout.split() else None


@pytest.fixture(scope="module")
def host(package):
    """A fresh Debian with the package."""
    if os.geteuid() != 0:
        pytest.skip("only root can install packages")
    if shutil.which("debootstrap") is None:
        pytest.skip("debootstrap is not installed")
    if (source := mirror()) is None:
        pytest.skip(f"this machine has no mirror of Debian {RELEASE}: apt-get update")
    folder = Path("/var/tmp") / f"cistern-{os.getpid()}"
    made = Host(folder / "root")
    try:
        folder.mkdir()
        done = subprocess.run(["debootstrap", "--variant=minbase", RELEASE, made.root, source], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            if "unable to" in done.stdout.lower() or "couldn't download" in done.stdout.lower():
                pytest.skip(f"the mirror {source} does not answer")
            pytest.fail(done.stdout[-3000:])
        shutil.copy(package, made.root / "tmp" / "cistern.deb")
        made("apt-get", "update", "-q")
        made("apt-get", "install", "-yq", "--no-install-recommends", "/tmp/cistern.deb")
        yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class TestInstalled:
    """In this order: the last test takes the package away."""

    def test_what_it_needs_came_with_it(self, host):
        assert host("cisternd", "--version").startswith("cisternd ")
        assert host("getent", "group", "libvirt").startswith("libvirt:")

    def test_its_configuration_is_good(self, host):
        assert "Nothing is wrong with /etc/libvirt/cisternd.conf" in host("cisternd", "--system", "--check-config")

    def test_on_a_host_without_libvirtd_it_is_enabled(self, host):
        assert host.enabled() == {"cisternd.service", "cisternd.socket", "cisternd-ro.socket", "cisternd-admin.socket"}

    def test_virsh_of_this_machine_drives_a_pool(self, host, tmp_path):
        with host.server():
            virsh = Virsh(f"qemu+unix:///system?socket={host.socket}", tmp_path)
            virsh.ok("pool-define-as", "p", "dir", "--target", "/var/lib/libvirt/images")
            virsh.ok("pool-build", "p")
            virsh.ok("pool-start", "p")
            virsh.ok("vol-create-as", "p", "v.qcow2", "1G", "--format", "qcow2")
            assert "qcow2" in virsh.ok("vol-dumpxml", "v.qcow2", "--pool", "p")
            assert (host.root / "var/lib/libvirt/images/v.qcow2").exists()
            assert "system bus" in subprocess.run([*AS_NOBODY, *virsh.argv("pool-list")], env=virsh.environment, capture_output=True, text=True, timeout=60).stderr

    def test_virsh_of_that_debian_finds_the_pool_again(self, host):
        host("apt-get", "install", "-yq", "--no-install-recommends", "libvirt-clients")
        with host.server():
            assert "active" in host("virsh", "-c", "qemu:///system", "pool-list", "--all")
            host("virsh", "-c", "qemu:///system", "vol-delete", "v.qcow2", "--pool", "p")
            host("virsh", "-c", "qemu:///system", "pool-destroy", "p")

    def test_tls_has_its_library(self, host, tmp_path):
        pki = Pki(tmp_path / "pki")
        settings = pki.server_settings()
        files = {"ca_file": "etc/pki/CA/cacert.pem", "cert_file": "etc/pki/libvirt/servercert.pem", "key_file": "etc/pki/libvirt/private/serverkey.pem"}
        for key, path in files.items():
            (host.root / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(settings[key], host.root / path)
        port = free_port()
        with host.server("--tls", f"127.0.0.1:{port}"):
            Virsh(f"qemu+tls://localhost:{port}/system?pkipath={pki.client('client', '/CN=client')}", tmp_path).ok("pool-list", "--all")

    def test_an_upgrade_keeps_the_configuration(self, host):
        configuration = host.root / "etc/libvirt/cisternd.conf"
        configuration.write_text(configuration.read_text() + "live_pools = 0\n")
        host("dpkg", "--install", "/tmp/cistern.deb")
        assert configuration.read_text().endswith("live_pools = 0\n")
        assert len(host.enabled()) == 4

    def test_a_purge_leaves_the_pools_and_nothing_else(self, host):
        host("apt-get", "purge", "-yq", "cistern")
        assert not (host.root / "etc/libvirt/cisternd.conf").exists() and (host.root / "etc/libvirt/storage/p.xml").exists()
        assert host.enabled() == set()
        assert list(host.root.glob("etc/systemd/system/cisternd*")) == list(host.root.glob("var/lib/systemd/deb-systemd-helper-*/cisternd*")) == []

    def test_beside_libvirtd_nothing_is_enabled(self, host):
        (host.root / "lib/systemd/system/libvirtd.service").write_text("[Service]\nExecStart=/bin/true\n")
        assert "libvirtd is installed" in host("apt-get", "install", "-yq", "--no-install-recommends", "/tmp/cistern.deb")
        assert host.enabled() == set()
