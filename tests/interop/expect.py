"""What the binding must raise, and what must come about."""

import time

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


def eventually(condition, seconds: float = 120) -> None:
    """Waits until the condition holds; how long that takes is not what is tested."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.02)
