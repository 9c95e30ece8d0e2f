"""What the reviewers of a workspace have agreed on: the random sample, and which fields two people decide."""

from __future__ import annotations

import fnmatch
import hashlib
import json
from dataclasses import dataclass
from typing import Self

from gikocr.errors import UsageError
from gikocr.review.sampling import DEFAULT_SEED, DEFAULT_SIZE
from gikocr.workspace import Workspace
from gikocr.workspace.second_looks import patterns


@dataclass(frozen=True, slots=True)
class Plan:
    """The agreement.

    Attributes:
        sample: how many fields that are not doubtful are looked at; 0: none.
        seed: of the sample and of what is keyed twice.
        twice_share: share of the fields, in [0, 1], that two people decide without seeing each other's answer.
        twice_fields: ids of fields that always are; ``*`` for any characters.
    """

    sample: int = DEFAULT_SIZE
    seed: int = DEFAULT_SEED
    twice_share: float = 0.0
    twice_fields: tuple[str, ...] = ()

    @classmethod
    def of(cls, workspace: Workspace) -> Self:
        """The agreement of a workspace."""
        found = workspace.second_looks.plan()
        default = cls()
        return cls(
            int(found.get("sample", default.sample)),
            int(found.get("seed", default.seed)),
            float(found.get("twice_share", default.twice_share)),
            patterns(found.get("twice_fields", "")),
        )

    def keep(self, workspace: Workspace) -> None:
        """Make it the agreement of a workspace.

        Raises:
            UsageError: a share outside [0, 1], or a sample of less than nothing.
        """
        if self.sample < 0 or not 0.0 <= self.twice_share <= 1.0:
            raise UsageError(
                f"A sample of {self.sample} fields and a share of {self.twice_share:g} make no plan.",
                advice="A sample has 0 or more fields, a share is from 0 to 1.",
            )
        workspace.second_looks.set_plan(
            sample=str(self.sample),
            seed=str(self.seed),
            twice_share=repr(self.twice_share),
            twice_fields=json.dumps(self.twice_fields),
        )

    def is_twice(self, sha256: str, number: int, field_id: str) -> bool:
        """Whether two people decide a field: told from the seed and the content, so the same whoever asks, and when."""
        if any(fnmatch.fnmatchcase(field_id, pattern) for pattern in self.twice_fields):
            return True
        key = f"{self.seed}|{sha256}|{number}|{field_id}".encode()
        return int.from_bytes(hashlib.sha256(key).digest()[:8], "big") < self.twice_share * 2**64
