"""Pools on file systems that few kernels have built in; the others are tested outside, on loop devices."""

import pytest

from test_fs_pools import device, live_and_die, seen  # noqa: F401

MODULES = ["loop", "vfat", "nls_cp437", "nls_iso8859-1"]


@pytest.mark.parametrize("format", ["vfat"])
def test_a_whole_life_through_virsh(virsh, seen, device, tmp_path, format):  # noqa: F811
    live_and_die(virsh, seen, device, tmp_path, format)
