"""What the binding must raise."""

import libvirt


class raises:  # noqa: N801 - reads like pytest.raises
    """A context in which libvirt's error with this code and domain must be raised, with a message."""

    def __init__(self, code: int, domain: int = libvirt.VIR_FROM_STORAGE):
        self.key = code, domain

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _):
        assert isinstance(error, libvirt.libvirtError), f"expected {self.key}, got {error!r}"
        assert (error.get_error_code(), error.get_error_domain()) == self.key, error.get_error_message()
        assert error.get_error_level() == libvirt.VIR_ERR_ERROR
        self.message = error.get_error_message()
        assert self.message
        self.errno = error.get_int1()
        return True
