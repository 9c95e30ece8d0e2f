"""Label Studio's JSON, out and in: a task for each page, readings as predictions, decisions as annotations.

Boxes are in per cent of the page. Each region carries the id of its field as its own id and in its ``meta``; where a program has given
regions new ids, the box tells which field is meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gikocr.elements import State
from gikocr.errors import EditConflict, UsageError, WorkspaceError
from gikocr.ocr.numerals import state_of, value_of
from gikocr.report.json_text import read as read_json
from gikocr.report.json_text import write as write_json
from gikocr.review.labels import MARKS
from gikocr.review.places import Places
from gikocr.review.reports import Reports, Values
from gikocr.workspace import Entry, Pictures, Selection, StoredField, Workspace
from gikocr.workspace.atomic import write_file
from gikocr.workspace.rows import EVERYTHING, Box, Value, amount_text

TASKS, CONFIG = "tasks.json", "label_config.xml"
#: The kind of decisions that came from there.
KIND = "label_studio"
#: Texts for states that are no mark.
_WORDS: Mapping[State, str] = {"unreadable": "?", "occluded": "#", "not_printed": "!", "other_text": "…"}
_STATES = {text: state for state, text in _WORDS.items()}
#: A region without a known id is the field whose box it covers by at least this intersection over union.
SAME_BOX = 0.5

_XML = """<View>
  <Image name="page" value="$image" zoom="true"/>
  <RectangleLabels name="cell" toName="page">
{labels}
  </RectangleLabels>
  <TextArea name="number" toName="page" perRegion="true" editable="true" maxSubmissions="1"
            placeholder="number as printed; empty: blank; / - 无: as printed; ? unreadable; # covered; ! not printed; … other text"/>
</View>
"""


@dataclass(frozen=True, slots=True)
class Imported:
    """What came in: decisions, those that somebody had made meanwhile, and what could not be understood, in words."""

    decisions: int
    conflicts: tuple[str, ...]
    problems: tuple[str, ...]


class LabelStudio:
    """Exchange of one workspace with Label Studio."""

    def __init__(self, workspace: Workspace, reports: Reports, pictures: Pictures, places: Places) -> None:
        self._workspace = workspace
        self._reports = reports
        self._pictures = pictures
        self._places = places

    def write(self, out: Path, selection: Selection = EVERYTHING, *, prefix: str = "images/", all_pages: bool) -> int:
        """Write ``tasks.json``, ``label_config.xml`` and the pictures of the pages, and return how many tasks there are.

        Args:
            out: the folder.
            selection: which reports.
            prefix: what stands before the names of the pictures in the tasks: where Label Studio finds them.
            all_pages: every page with fields; else only those with a field that waits.

        Raises:
            WorkspaceError: something cannot be written. Documents that are gone are left out.
        """
        tasks: list[Mapping[str, Any]] = []
        tables: dict[str, None] = {}
        for report in self._workspace.reports(selection):
            if not all_pages and report.waiting == 0:
                continue
            values = self._reports.values([report.id])[report.id]
            cells = {i: self._places.cell(values, f) for i, f in values.fields.items()}
            for page in sorted({c.page for c in cells.values() if c.page is not None and c.bbox is not None}):
                ids = [i for i, c in cells.items() if c.page == page and c.bbox is not None]
                if not all_pages and not any(values.fields[i].waiting for i in ids):
                    continue
                try:
                    tasks.append(self._task(values, page, {i: cells[i] for i in ids}, out, prefix))
                except WorkspaceError:
                    continue
                tables |= dict.fromkeys(values.fields[i].table for i in ids)
        write_file(out / TASKS, write_json(tasks).encode("utf-8"))
        labels = "\n".join(f'    <Label value="{key}"/>' for key in tables)
        write_file(out / CONFIG, _XML.format(labels=labels).encode("utf-8"))
        return len(tasks)

    def _task(
        self, values: Values, page: int, cells: Mapping[str, StoredField], out: Path, prefix: str
    ) -> Mapping[str, Any]:
        report = values.report
        picture = self._pictures.page(report, page)
        name = f"{report.sha256[:16]}-{report.number}-{page}.png"
        write_file(out / "images" / name, picture.read_bytes())
        size = self._pictures.size(report, page)
        pixels = _pixels(picture)
        fields = {i: values.fields[i] for i in cells}
        read = [_regions(i, cells[i], size, pixels, f.value, f.state, f.printed, f) for i, f in fields.items()]
        task: dict[str, Any] = {
            "data": {
                "image": f"{prefix}{name}",
                "document": report.name,
                "sha256": report.sha256,
                "number": report.number,
                "page": page,
                "versions": {i: f.version for i, f in fields.items()},
            },
            "predictions": [
                {
                    "model_version": f"gikocr {report.fingerprint}",
                    "score": min((f.confidence or 0.0 for f in fields.values()), default=0.0),
                    "result": [region for pair in read for region in pair],
                }
            ],
        }
        by_person: dict[str, list[Mapping[str, Any]]] = {}
        for i, f in fields.items():
            if f.decided is not None:
                pair = _regions(i, cells[i], size, pixels, f.decided.value, f.decided.state, None, None)
                by_person.setdefault(f.decided.by, []).extend(pair)
        if by_person:
            task["annotations"] = [
                {"completed_by": {"email": person}, "ground_truth": False, "result": result}
                for person, result in by_person.items()
            ]
        return task

    def read(self, file: Path, *, by: str) -> Imported:
        """Take the annotations of an export of Label Studio in, as decisions of kind ``label_studio``.

        An annotation that was taken in before changes nothing, nor does a region that says what stands already. A field on which
        somebody decided since the tasks were written is left alone.

        Args:
            file: the JSON that Label Studio exported.
            by: who, for annotations that do not say.

        Raises:
            UsageError: the file cannot be read, or holds no tasks.
            WorkspaceError: the database fails.
        """
        done, conflicts, problems = 0, [], []
        for number, task in enumerate(_tasks(file), 1):
            try:
                values = self._report_of(task)
            except (KeyError, TypeError, ValueError) as error:
                problems.append(
                    f"Task {number} is none of gikocr's, or its document is not in this workspace ({error})."
                )
                continue
            for annotation in task.get("annotations") or []:
                if annotation.get("was_cancelled"):
                    continue
                entries, unclear = self._entries(values, task, annotation)
                problems += [f"Task {number}: {sentence}" for sentence in unclear]
                request = f"label_studio:{task['data']['sha256']}:{task['data']['page']}:{annotation.get('id', '')}"
                found = self._workspace.reviews.settle_all(
                    entries, by=_person(annotation, by), request=request if "id" in annotation else None
                )
                for result, entry in zip(found, entries, strict=True):
                    if isinstance(result, EditConflict):
                        conflicts.append(f"{values.report.name} {entry.field_id}")
                    else:
                        done += 1
        return Imported(done, tuple(conflicts), tuple(problems))

    def _report_of(self, task: Mapping[str, Any]) -> Values:
        data = task["data"]
        found = self._workspace.find_report(str(data["sha256"]), int(data["number"]))
        if found is None:
            raise ValueError(f"content {str(data['sha256'])[:12]}")
        return self._reports.values([found])[found]

    def _entries(
        self, values: Values, task: Mapping[str, Any], annotation: Mapping[str, Any]
    ) -> tuple[list[Entry], list[str]]:
        data = task["data"]
        versions: Mapping[str, Any] = data.get("versions") or {}
        boxes: dict[str, Mapping[str, Any]] = {}
        texts: dict[str, str] = {}
        for region in annotation.get("result") or []:
            region_id = str(region.get("id", ""))
            if region.get("type") == "textarea":
                parts = region.get("value", {}).get("text") or [""]
                texts[region_id] = str(parts[0] if isinstance(parts, list) else parts).strip()
            if region.get("value", {}).get("width") is not None:
                boxes[region_id] = region
        entries, problems, known = [], [], self._places_on(values, int(data["page"]))
        for region_id, text in texts.items():
            field_id = _field_of(boxes.get(region_id), region_id, known)
            if field_id is None:
                problems.append(f"a region ({text!r}) is on no field.")
                continue
            field = values.fields[field_id]
            value, state = understood(text)
            stands = field.decided
            if stands is not None and (stands.value, stands.state) == (value, state):
                continue
            version = int(versions.get(field_id, field.version))
            entries.append(Entry(values.report.id, field_id, version, value, state, KIND, KIND))
        return entries, problems

    def _places_on(self, values: Values, page: int) -> dict[str, Box]:
        """The boxes of a page's fields in per cent; empty boxes where the page cannot be measured."""
        found: dict[str, Box] = {}
        for field_id, field in values.fields.items():
            cell = self._places.cell(values, field)
            if cell.page == page and cell.bbox is not None:
                try:
                    found[field_id] = _percent(cell.bbox, self._pictures.size(values.report, page))
                except WorkspaceError:
                    found[field_id] = (0.0, 0.0, 0.0, 0.0)
        return found


def understood(text: str) -> tuple[Value, State]:
    """Value and state of a text that a person typed for a cell."""
    state = _STATES.get(text) or state_of(text)
    if state != "read":
        return None, state
    value = value_of(text)
    assert value is not None  # the state says so
    return (value if "." in str(value) else int(value)), state


def _regions(
    field_id: str,
    cell: StoredField,
    size: tuple[float, float],
    pixels: tuple[int, int],
    value: Value,
    state: State,
    printed: str | None,
    read: StoredField | None,
) -> list[Mapping[str, Any]]:
    """The rectangle of a cell and the text in it."""
    assert cell.bbox is not None  # only placed cells have regions
    left, top, right, bottom = _percent(cell.bbox, size)
    text = (
        printed if printed is not None and state == "read" else MARKS.get(state, _WORDS.get(state, amount_text(value)))
    )
    place = {"x": left, "y": top, "width": right - left, "height": bottom - top, "rotation": 0}
    shared: dict[str, Any] = {
        "id": field_id,
        "to_name": "page",
        "original_width": pixels[0],
        "original_height": pixels[1],
        "image_rotation": 0,
        "meta": {"text": [field_id]},
    }
    if read is not None and read.confidence is not None:
        shared["score"] = read.confidence
    return [
        shared | {"type": "rectanglelabels", "from_name": "cell", "value": place | {"rectanglelabels": [cell.table]}},
        shared | {"type": "textarea", "from_name": "number", "value": place | {"text": [text or ""]}},
    ]


def _percent(box: Box, size: tuple[float, float]) -> Box:
    width, height = size
    return 100 * box[0] / width, 100 * box[1] / height, 100 * box[2] / width, 100 * box[3] / height


def _pixels(picture: Path) -> tuple[int, int]:
    from PIL import Image

    with Image.open(picture) as opened:
        return opened.size


def _field_of(region: Mapping[str, Any] | None, region_id: str, known: Mapping[str, Box]) -> str | None:
    """The field that a region is of: by its meta, its id, or its box."""
    meta = (region or {}).get("meta") or {}
    named: Sequence[Any] = meta.get("text") or []
    for name in (*named, region_id):
        if str(name) in known:
            return str(name)
    if region is None:
        return None
    place = region["value"]
    left, top = float(place["x"]), float(place["y"])
    box = (left, top, left + float(place["width"]), top + float(place["height"]))
    best = max(known, key=lambda i: _overlap(box, known[i]), default=None)
    return best if best is not None and _overlap(box, known[best]) >= SAME_BOX else None


def _overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    if wide <= 0 or high <= 0:
        return 0.0
    areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (one, other)]
    return wide * high / (sum(areas) - wide * high)


def _person(annotation: Mapping[str, Any], default: str) -> str:
    """Who annotated: by the address or the number that Label Studio gives."""
    who = annotation.get("completed_by")
    if isinstance(who, Mapping):
        who = who.get("email") or who.get("username") or who.get("id")
    return default if who in (None, "") else str(who)


def _tasks(file: Path) -> Iterator[Mapping[str, Any]]:
    try:
        whole = read_json(file.read_bytes())
    except OSError as error:
        raise UsageError(
            f"{file}: cannot be read ({error.strerror}).", advice="Give the JSON that Label Studio exported."
        ) from error
    except ValueError as error:
        raise UsageError(f"{file}: is no JSON ({error}).", advice="Export as JSON from Label Studio.") from error
    if not isinstance(whole, list) or not all(isinstance(task, dict) for task in whole):
        raise UsageError(f"{file}: holds no list of tasks.", advice="Export as JSON (not JSON-MIN) from Label Studio.")
    yield from whole
