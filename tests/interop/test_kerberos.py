"""GSSAPI over plain TCP, with a real key distribution centre."""

import pytest

from kerberos import Kerberos
from virsh import Virsh


@pytest.fixture
def kerberos(short_folder):
    with Kerberos(short_folder / "krb5") as realm:
        yield realm


def test_a_ticket_lets_in_and_encrypts(request, serve, kerberos, tmp_path):
    # Names of the realm itself come without it.
    sasl = kerberos.folder / "sasl"
    sasl.mkdir()
    (sasl / "libvirt.conf").write_text("mech_list: gssapi\n")
    server = serve({"listen_tcp": 1, "listen_addr": "0.0.0.0", "auth_tcp": "sasl", "sasl_allowed_username_list": ["fred"]},
                   kerberos.environment | {"SASL_CONF_PATH": str(sasl)})
    virsh = Virsh(f"qemu+tcp://{kerberos.host()}:{server.port}/system", tmp_path)
    fred, joe = kerberos.user("fred"), kerberos.user("joe")
    assert virsh.ok("uri", environment=fred).strip() == virsh.uri

    virsh.ok("pool-define-as", "p", "dir", "--target", tmp_path / "pool", environment=fred)
    virsh.ok("pool-build", "p", environment=fred)
    virsh.ok("pool-start", "p", environment=fred)
    virsh.ok("vol-create-as", "p", "v", "1M", environment=fred)
    (tmp_path / "data").write_bytes(bytes(range(256)) * 4096)
    virsh.ok("vol-upload", "v", tmp_path / "data", "--pool", "p", environment=fred)
    virsh.ok("vol-download", "v", tmp_path / "back", "--pool", "p", environment=fred)
    assert (tmp_path / "back").read_bytes() == (tmp_path / "data").read_bytes()

    virsh.fails("uri", says="authentication failed: authentication failed", environment=joe)
    virsh.fails("uri", says="authentication failed", environment=kerberos.environment | {"KRB5CCNAME": f"FILE:{tmp_path}/none"})
    if request.config.getoption("against") == "cistern":
        log = server.log_tail()
        assert "has authenticated as fred (SASL, " in log and "(SASL, 0 bits" not in log, log
        assert "'joe' is not on sasl_allowed_username_list" in log
