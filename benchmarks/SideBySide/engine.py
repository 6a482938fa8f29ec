"""Starts a storage engine of one node as the interop tests start theirs.

usage: engine.py TESTS ENGINE      (TESTS: the folder of the interop tests; ENGINE: see ENGINES at the end)

Prints what a client must know, a line NAME=VALUE each, and an empty line. Then each line that comes is a name to make a pool of, and is answered by an
empty line. All is gone when the input ends.
"""

import subprocess
import sys
from contextlib import contextmanager

VOLUME = "benchmark"


@contextmanager
def ceph():
    import ceph as module
    try:
        cluster = module.Ceph()
    except module.Missing as reason:
        sys.exit(str(reason))
    try:
        cluster.start()
        key = cluster.ceph("auth", "get-key", "client.admin").strip()
        yield {"host": cluster.host, "port": cluster.port, "user": "admin", "key": key, "configuration": cluster.configuration}, cluster.make_pool
    finally:
        cluster.stop()


@contextmanager
def gluster():
    """One volume, mounted; a pool is a folder of it that everybody may use."""
    from gluster_server import Gluster
    if not Gluster.usable():
        sys.exit("needs root and glusterfs-server")
    with Gluster() as server:
        server.volume(VOLUME)
        mount = server.folder / "mount"
        mount.mkdir()
        subprocess.run(["mount", "-t", "glusterfs", "-o", f"log-file={server.folder}/log/mount.log", f"{server.host}:/{VOLUME}", mount], check=True)

        def make_folder(name: str) -> None:
            (mount / name).mkdir()
            (mount / name).chmod(0o777)

        try:
            yield {"host": server.host, "volume": VOLUME, "mount": mount}, make_folder
        finally:
            subprocess.run(["umount", "--lazy", mount], check=True)


ENGINES = {"ceph": ceph, "gluster": gluster}


def main():
    tests, engine = sys.argv[1:]
    sys.path.insert(0, tests)
    with ENGINES[engine]() as (facts, make_pool):
        print(*(f"{name}={value}" for name, value in facts.items()), "", sep="\n", flush=True)
        for line in sys.stdin:
            make_pool(line.strip())
            print(flush=True)


if __name__ == "__main__":
    main()
