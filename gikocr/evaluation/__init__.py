"""Judges outputs against truth: how many fields are right, and whether the confidences mean what they say.

::

    evaluation = evaluate(Path("truth"), Path("out"), calibration=(Path("cal/truth"), Path("cal/out")))
    print(render_text(evaluation))
    print(render_wrong(wrong_fields(evaluation.documents)))

Truth and measures are those of the contract on evaluation. Outputs are read as JSON, so those of any program can be
judged.
"""

from __future__ import annotations

from gikocr.evaluation.as_json import to_json
from gikocr.evaluation.evaluate import Evaluation, evaluate
from gikocr.evaluation.render import render_text, render_wrong
from gikocr.evaluation.wrong import WrongField, wrong_fields

__all__ = ["Evaluation", "WrongField", "evaluate", "render_text", "render_wrong", "to_json", "wrong_fields"]
