"""The sentences about one edit of a web.config."""

from __future__ import annotations


class Notes:
    """Collects one sentence for each thing to know, in the order in which it is met.

    all: every sentence. remarks: what stays as it is. warnings: those of remarks that tell a fault.
    """

    def __init__(self) -> None:
        self.all: list[str] = []
        self.remarks: list[str] = []
        self.warnings: list[str] = []

    def done(self, sentence: str) -> None:
        """Add what was changed."""
        self.all.append(sentence)

    def remark(self, sentence: str) -> None:
        """Add what stays, and is worth knowing."""
        self.all.append(sentence)
        self.remarks.append(sentence)

    def warn(self, sentence: str) -> None:
        """Add a fault of the file that stays."""
        self.remark(sentence)
        self.warnings.append(sentence)
