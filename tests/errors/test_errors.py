from __future__ import annotations

import pickle
from collections.abc import Iterator

import pytest

from gikocr import errors
from gikocr.errors import GikocrError, ModelMissing


def tree(kind: type[GikocrError]) -> Iterator[type[GikocrError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from tree(child)


ALL = list(tree(GikocrError))


@pytest.mark.parametrize("kind", ALL)
def test_an_error_keeps_all_across_a_process_border(kind: type[GikocrError]) -> None:
    error = kind("It is broken.", advice="Mend it.")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (again.message, again.advice, str(again)) == ("It is broken.", "Mend it.", "It is broken. Mend it.")


@pytest.mark.parametrize("kind", ALL)
def test_every_error_has_an_exit_code_of_the_contract_and_stands_in_the_tree(kind: type[GikocrError]) -> None:
    assert kind.exit_code in (1, 2, 3, 4)
    assert kind.__name__ in (errors.__doc__ or "")
    assert kind.__doc__


def test_codes_tell_the_errors_apart() -> None:
    codes = [kind.code for kind in ALL]
    assert len(set(codes)) == len(codes)
    assert str(ModelMissing("It is gone.")) == "It is gone."
