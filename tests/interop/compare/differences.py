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

INTENDED = [
    Difference("pool document: document type", "*", DTD),
    Difference("pool document: entity", "*", DTD),
    Difference("volume document: document type", "*", DTD),
    Difference("volume document: entity", "*", DTD),
    Difference("volume document: *qcow2*", "made: xml", "a new image is shown as its header says, not as the document asked"),
    Difference("volume document: *backing store*", "made: xml", "a new image is shown as its header says, not as the document asked"),
]
