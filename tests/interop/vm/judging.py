"""The same calls on the server and on libvirtd, which must answer alike."""

from contextlib import contextmanager, suppress

import libvirt


def outcome(action, connection):
    """What the action returns, or which error it ends in."""
    try:
        return action(connection)
    except libvirt.libvirtError as error:
        return f"error {error.get_error_code()} of domain {error.get_error_domain()}"


def agree(conn, judge, action):
    """Runs the action on both; the outcome, which must be the same."""
    ours, theirs = outcome(action, conn), outcome(action, judge)
    assert ours == theirs, f"\nCistern: {ours}\nlibvirtd: {theirs}"
    return ours


@contextmanager
def pool(connection, xml: str, build: int | None = None):
    """A running pool, gone at the end whatever its state."""
    made = connection.storagePoolDefineXML(xml)
    try:
        if build is not None:
            made.build(build)
        made.create()
        yield made
    finally:
        for step in (made.destroy, made.undefine):
            with suppress(libvirt.libvirtError):
                step()


def describe(of) -> dict:
    """A running pool's volumes: name, then key, path, info and document."""
    return {volume.name(): (volume.key(), volume.path(), volume.info(), volume.XMLDesc()) for volume in of.listAllVolumes()}
