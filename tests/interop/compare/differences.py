"""Where Cistern means to differ from libvirtd. Everything else that differs is a failure, and so is an entry that no longer does."""

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Difference:
    case: str       # a case's name, or a pattern of names
    label: str      # the call's label, or a pattern
    reason: str

    def covers(self, case: str, label: str) -> bool:
        return fnmatchcase(case, self.case) and fnmatchcase(label, self.label)


DTD = "Cistern takes no document types: an entity cannot be expanded, a file cannot be fetched"

HEADER = "a new image is shown as its header says, not as the document asked"
ERRNO = "a failed system call on storage is told with the storage domain"
SPARSE = "a new qcow2 image takes space only for the tables that have something in them"
TRIM = "libvirtd trims rbd volumes only; the space of a file can be given back as well"
NAMED = "a backing file that cannot be opened is named before qemu-img is asked"
ATTRIBUTE = "an attribute that the file system cannot have is told with the storage domain, and only when it would have to be set"

INTENDED = [
    Difference("pool document: document type", "*", DTD),
    Difference("pool document: entity", "*", DTD),
    Difference("volume document: document type", "*", DTD),
    Difference("volume document: entity", "*", DTD),
    Difference("pool document: newline in the name", "*", "libvirtd refuses a line break on define only, Cistern for transient pools too"),
    Difference("pool document: cow *", "build", ATTRIBUTE),
    *(Difference(f"volume document: {which}", "made: xml", HEADER) for which in ("*qcow2*", "*backing store*", "raw with *", "format iso")),
    Difference("copies", "*: xml", HEADER),
    Difference("volume document: format qcow2", "refreshed: xml", "the default level of qcow2 is 1.1, as in later releases of libvirt"),
    *(Difference(f"volume document: {which}", label, SPARSE) for which in ("*qcow2*", "*backing store*") for label in ("made: info", "files", "refreshed: *")),
    Difference("flags of volume calls", "files", SPARSE),
    Difference("resizes of a qcow2 volume", "info after *", SPARSE),
    Difference("resizes of a qcow2 volume", "volume: *", SPARSE),
    Difference("volume document: qcow2 cluster size of 3", "create", "the impossible size is named before anything is made"),
    Difference("volume document: qcow2 of capacity 0", "*", "libvirtd shows the file's size where the header says 0"),
    Difference("volume document: qcow2 compat 2.0", "create", "refused before qemu-img is asked"),
    Difference("volume document: allocation above the capacity", "*", "libvirtd makes the volume larger than its capacity"),
    Difference("volume document: nocow", "create", ATTRIBUTE),
    *(Difference(f"volume input: {which}", "*: xml", HEADER) for which in ("backing store alone", "negative compat", "features of raw")),
    Difference("volume input: two targets", "*", "libvirtd copies into a raw file and calls it a folder"),
    Difference("pool capabilities", "capabilities", "file systems may be btrfs, too"),
    Difference("names that are files", "define nnn*", ERRNO),
    Difference("volumes with validation", "*", "libvirtd 9.0 knows the flag and refuses it; later releases validate"),
    Difference("create with flags * of nothing, *", "files", "a build that is refused makes no folder"),
    Difference("secrets: a usage of another type", "*", "libvirtd compares the id alone, so two secrets could come to have the same usage"),
    Difference("build over a file", "build", "libvirtd takes a file for the folder"),
    Difference("resizes of a raw volume", "resize 4611686018427387904 0", ERRNO),
    Difference("resizes of a raw volume", "resize 9223372036854775807 2", "the overflow is named"),
    Difference("resizes of other formats", "grow dir", "refused before qemu-img is asked"),
    Difference("permissions of pools", "inherited *", "a volume without permissions inherits what the pool's document asks for"),
    Difference("deletion of volumes in use", "*", "libvirtd deletes what another volume is layered on"),
    Difference("wipes", "wipe 9", TRIM),
    Difference("wipes", "info 9", TRIM),
    Difference("wipes", "image*", "libvirtd writes as many bytes as are allocated, so the file grows"),
    Difference("wipes", "files", "libvirtd writes as many bytes as are allocated, so the file grows"),
    Difference("copies", "to a dir*", "libvirtd makes a raw file and calls it a folder"),
    Difference("copies", "qcow2 to qcow2: info", "an image of equal options is copied byte by byte, as sparse as it is"),
    *(Difference("images on images", label, NAMED) for label in ("missing below", "missing deeper", "wrong format", "folder")),
    Difference("copies of images", "on-nothing *", NAMED),
    Difference("encrypted volumes", "qcow2*: xml", HEADER),
    Difference("encrypted volumes", "* after the refresh", "which secret a volume has is kept through a refresh: a live pool is refreshed at any time"),
    Difference("images in the folder", "parallels: *", "a lone ploop image is a file: a ploop volume is a folder"),
    Difference("backing chains", "json: xml", "a JSON backing string is shown as it is, also when it names a local file"),
    Difference("files that change behind the servers back", "resize", ERRNO),
    Difference("files that change behind the servers back", "copy", "the failed open is told with its errno"),
    Difference("a file that becomes an image", "now qcow2: *", "a file's format is seen when it is asked for, not at the next refresh"),
]
