"""Measures one action through libvirt's client library and prints one number.

usage: libclient.py URI POOL ACTION      (actions: see ACTIONS at the end)
"""

import statistics
import sys
import time

import libvirt

CHUNK = 262120
SPARSE = 1


def timed(step):
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def median_microseconds(step, calls=3000):
    return 1e6 * statistics.median(timed(step) for _ in range(calls))


def getinfo(pool):
    return median_microseconds(pool.info)


def volgetinfo(pool):
    return median_microseconds(pool.listAllVolumes()[0].info)


def list_volumes(pool):
    return 1e3 * statistics.median(timed(pool.listAllVolumes) for _ in range(5))


def details(pool):
    volumes = pool.listAllVolumes()

    def walk():
        for volume in volumes:
            volume.path()
            volume.info()

    return 1e6 * timed(walk) / len(volumes)


def download(pool):
    volume = pool.storageVolLookupByName("volume-0")
    size = volume.info()[1]

    def run():
        stream = pool.connect().newStream()
        volume.download(stream, 0, 0)
        while stream.recv(CHUNK):
            pass
        stream.finish()

    return size / timed(run) / 1e6


def upload(pool):
    volume = pool.storageVolLookupByName("volume-0")
    size = volume.info()[1]
    chunk = bytes(range(256)) * 1024
    chunk = chunk[:CHUNK]

    def run():
        stream = pool.connect().newStream()
        volume.upload(stream, 0, size)
        rest = size
        while rest > 0:
            rest -= stream.send(chunk[:rest] if rest < CHUNK else chunk)
        stream.finish()

    return size / timed(run) / 1e6


def sparse_download(pool):
    volume = pool.storageVolLookupByName("volume-0")

    def run():
        stream = pool.connect().newStream()
        volume.download(stream, 0, 0, SPARSE)
        stream.sparseRecvAll(lambda *_: 0, lambda *_: 0, None)
        stream.finish()

    return 1e3 * timed(run)


def sparse_upload(pool):
    """The shape of the volume itself: 100 extents of 1 MiB, each followed by a hole."""
    volume = pool.storageVolLookupByName("volume-0")
    size = volume.info()[1]
    extent = 1 << 20
    period = size // 100 // extent * extent
    data = bytes(CHUNK)

    def run():
        stream = pool.connect().newStream()
        volume.upload(stream, 0, 0, SPARSE)
        for start in range(0, period * 100, period):
            rest = extent
            while rest > 0:
                rest -= stream.send(data[:rest])
            end = size if start + period * 2 > size else start + period
            stream.sendHole(end - start - extent)
        stream.finish()

    return 1e3 * timed(run)


ACTIONS = {
    "getinfo": getinfo,
    "volgetinfo": volgetinfo,
    "list": list_volumes,
    "details": details,
    "download": download,
    "upload": upload,
    "sparse-download": sparse_download,
    "sparse-upload": sparse_upload,
}


def main():
    uri, pool, action = sys.argv[1:]
    connection = libvirt.open(uri)
    print(ACTIONS[action](connection.storagePoolLookupByName(pool)))
    connection.close()


if __name__ == "__main__":
    main()
