"""One field at a time: the queue, decisions, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from gikocr.elements import State
from gikocr.errors import EditConflict
from gikocr.forms import load_form
from gikocr.review.background import Background, LetGo
from gikocr.review.building import ItemBuilder
from gikocr.review.items import Counts, Item, Place, Settled
from gikocr.review.people import People
from gikocr.review.plan import Plan
from gikocr.review.printed import PrintedHeading, PrintedHeadings
from gikocr.review.queueing import Asked, assemble
from gikocr.review.recompute import Recomputer
from gikocr.review.reports import NOTHING_HIDDEN, Reports
from gikocr.review.sampling import Residual, ensure_sample, residual
from gikocr.review.shown import Shown
from gikocr.settings import Settings
from gikocr.workspace import Entry, Order, Pictures, Selection, StoredField, Workspace
from gikocr.workspace.rows import EVERYTHING, Value

_Found = TypeVar("_Found")


class Desk:
    """One field at a time: what a person is asked next, and what came of the answer. See :class:`Station`.

    Args:
        workspace: an open one. It stays the caller's to close.
        settings: form, limits, resolution of pictures, calibration.

    Raises:
        FormError: the form cannot be used.
    """

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self.workspace = workspace
        self.settings = settings
        self.form = load_form(settings.form)
        self.people = People(workspace)
        pictures = Pictures(workspace, settings)
        self._reports = Reports(workspace, self.form)
        self._builder = ItemBuilder(workspace, self._reports, pictures, self.form, settings)
        self._shown = Shown(workspace, self._reports, pictures, self._builder.places)
        self._printed = PrintedHeadings(workspace)
        self._recomputer = Recomputer(workspace, self._reports, self.form, settings)
        self._background = Background(workspace, self._recomputer)
        plan = Plan.of(workspace)
        ensure_sample(workspace, plan.sample, plan.seed)

    def close(self) -> None:
        """Finish what goes on in the background: every JSON in the folder then holds what was decided."""
        self._background.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def queue(
        self,
        order: Order = "harm",
        selection: Selection = EVERYTHING,
        *,
        person: str,
        after: Place | None = None,
        limit: int = 20,
        lease: bool = True,
    ) -> list[Item]:
        """The next fields for a person.

        Fields of the random sample and second keyings are mixed in, at places that tell nothing.

        Args:
            order: of the fields that wait.
            selection: which; second keyings come whatever is selected.
            person: who asks. What others hold by a lease, and what waits for a senior, is left out.
            after: ``place`` of the last item before.
            limit: how many, at most.
            lease: hold them for this person for five minutes.

        Raises:
            ValueError: ``after`` is a place in another order.
        """
        place = after or Place()
        while asked := assemble(self.workspace, order, selection, person=person, after=place, limit=limit):
            if not lease:
                break
            place = asked[-1].place
            held = self.workspace.reviews.lease_all([a.place_of_field for a in asked], person)
            asked = [a for a in asked if a.place_of_field in held]
            if asked:
                break
            # Somebody else was given all of them in between: that is not the end of the queue.
        questions = self.workspace.second_looks.open_questions({a.field.report_id for a in asked})
        items = self._builder.items(asked, questions.hidden_from(person))
        self._make_ready(items)
        return items

    def item(self, report_id: int, field_id: str, *, person: str | None = None) -> Item:
        """One field with all that is known of it, whether or not it waits.

        Args:
            report_id: the report.
            field_id: the field.
            person: who looks at it. Of whom a second answer is awaited is shown as little as in the queue, and what waits for a senior
                is locked for others. None: all is shown.

        Raises:
            WorkspaceError: there is no such field.
        """
        looks, place = self.workspace.second_looks, (report_id, field_id)
        field = self.workspace.reviews.field(report_id, field_id)
        questions = looks.open_questions([report_id])
        hidden = NOTHING_HIDDEN if person is None else questions.hidden_from(person)
        locked = place in questions.handed_up and person is not None and not self.people.is_senior(person)
        keying = next((up.keying for up in looks.handed_up(place=place)), None) if not locked else None
        blind = place in hidden and (locked or place not in questions.handed_up)
        asked = Asked(
            field,
            Place(),
            blind=blind,
            handed_up=None if locked else questions.handed_up.get(place),
            keying=keying,
            locked=locked,
        )
        return self._builder.items([asked], hidden if blind else hidden - {place})[0]

    def printed_heading(self, report_id: int, field_id: str) -> PrintedHeading:
        """The headings of a field's row and column as they were read; empty where its document was read without them, or is a text.

        Raises:
            WorkspaceError: there is no such field.
        """
        field = self.workspace.reviews.field(report_id, field_id)
        return self._printed.of(self._reports.stored([report_id])[report_id], field)

    def sees(self, person: str, report_id: int, field_id: str) -> bool:
        """Whether a person may see what stands in a field: not while a second answer is awaited from that person."""
        return (report_id, field_id) not in self.workspace.second_looks.open_questions([report_id]).hidden_from(person)

    def counts(self, selection: Selection = EVERYTHING, *, person: str = "") -> Counts:
        """The queue in numbers, for a person."""
        looks, reviews = self.workspace.second_looks, self.workspace.reviews
        size, done, second, up = looks.counts(person)
        waiting = reviews.count_waiting(selection)
        pace = reviews.median_seconds(person) or reviews.median_seconds(None)
        left = None if pace is None else pace * (waiting + size - done + second)
        return Counts(waiting, reviews.count_decided(), size, done, second, up, pace, left)

    def residual(self) -> Residual:
        """What is wrong among fields that were not doubtful, as far as the random sample was looked at."""
        return residual(self.workspace)

    def settle(
        self,
        person: str,
        report_id: int,
        field_id: str,
        *,
        version: int,
        value: Value,
        state: State,
        kind: str = "",
        reason: str = "",
        seconds: float | None = None,
        request: str | None = None,
        blind: bool = False,
        at_once: bool = True,
    ) -> Settled:
        """Decide what is printed in a field.

        Args:
            person: who.
            report_id: the report.
            field_id: the field.
            version: ``Item.version`` that the person saw.
            value: the number that is printed; None unless ``state`` is ``read``.
            state: what is printed.
            kind: what was done, in a word; empty: ``accept`` where it is what was read, else ``correct``.
            reason: in the person's words.
            seconds: that the person took.
            request: any text that names this decision and no other. Sent again with it, after an answer was lost, it counts once.
            blind: it is the answer to a blind item.
            at_once: tell what follows from it for other fields. Else that is reckoned in the background (see :meth:`let_go`), and the
                answer has no ``changed`` and no ``sums``.

        Raises:
            EditConflict: somebody else decided meanwhile; it carries the field as it is now and what was wanted.
            SeniorNeeded: the field waits for a senior, and this person is none (see :meth:`People.is_senior`).
            ValueError: a value without the state ``read``, or that state without a value.
            WorkspaceError: there is no such field, or the database fails.
        """
        reviews = self.workspace.reviews
        before = reviews.field(report_id, field_id)
        if not kind:
            same = (before.value, before.state) == (value, state)
            kind = "accept" if same else "correct"
        entry = Entry(
            report_id,
            field_id,
            version,
            value,
            state,
            kind,
            reason,
            seconds,
            twice=bool(self._asked_twice([(report_id, field_id)])),
            blind=blind,
        )
        (done,) = reviews.settle_all([entry], by=person, request=request, senior=self.people.is_senior(person))
        if isinstance(done, EditConflict):
            raise done
        return self._settled(done, at_once)

    def let_go(self, since: int | None = None) -> LetGo:
        """The fields that wait no longer because of what was decided on others, as far as the background has reckoned it.

        Args:
            since: ``number`` of an earlier answer: only those after it. None: none of them.
        """
        return self._background.let_go(since)

    def undo(
        self, person: str, *, place: tuple[int, str] | None = None, request: str | None = None, at_once: bool = True
    ) -> list[Settled]:
        """Take back what a person decided last, a whole sheet or shift at once; again: what was decided before that.

        Args:
            person: who.
            place: report and field: what the person decided last on this one, and not in another window.
            request: names this undo, so that sent twice it counts once.
            at_once: see :meth:`settle`.

        Returns:
            What came of it, for several fields without sums; empty when there is nothing to take back.

        Raises:
            EditConflict: somebody else decided on it since.
        """
        fields = self.workspace.reviews.undo_last(person, place=place, request=request)
        if len(fields) == 1:
            return [self._settled(fields[0], at_once)]
        self._background.recompute(sorted({field.report_id for field in fields}))
        return [Settled(field, (), (), None, False) for field in fields]

    def lease(self, person: str, places: Sequence[tuple[int, str]]) -> set[tuple[int, str]]:
        """Hold fields, given by report and id, for five minutes more; those are returned that nobody else holds."""
        return self.workspace.reviews.lease_all(places, person)

    def release(self, person: str, report_id: int, field_id: str) -> None:
        """Give a field back to the queue. To skip one is to release it and go on."""
        self.workspace.reviews.release(report_id, field_id, person)

    def hand_up(self, person: str, report_id: int, field_id: str, reason: str, *, version: int | None = None) -> None:
        """Ask a senior to decide a field; it leaves the queue of the others.

        Raises:
            EditConflict: ``version`` is given, and somebody decided since the person saw it.
            WorkspaceError: there is no such field.
        """
        self.workspace.reviews.hand_up(report_id, field_id, by=person, reason=reason, version=version)

    def withdraw(self, person: str, report_id: int, field_id: str) -> bool:
        """Take one's own question to a senior back; False where there is none. Two answers that differ are no question.

        Raises:
            WorkspaceError: there is no such field.
        """
        return self.workspace.reviews.withdraw(report_id, field_id, by=person)

    def disagreements(self, *, limit: int = 200) -> list[Item]:
        """The senior's queue: fields that were handed up, the oldest first, with the reason."""
        found = self.workspace.second_looks.handed_up(limit=limit)
        return self._builder.items([Asked(h.field, Place(), handed_up=h.reason, keying=h.keying) for h in found])

    def picture(self, picture_id: str) -> Path | None:
        """The PNG of a crop or page; None for an unknown id, and where the document is gone.

        The id of a page with ``-small`` behind it stands for a JPEG of it that is reduced for looking at the whole page.
        """
        return self._shown.picture(picture_id)

    def ahead(self, task: Callable[[], _Found]) -> Future[_Found]:
        """Do something that nobody waits for yet in the background, after what people wait for."""
        return self._background.do(task)

    def _asked_twice(self, places: Sequence[tuple[int, str]]) -> set[tuple[int, str]]:
        """Those of some fields that two people are to decide."""
        plan = Plan.of(self.workspace)
        if not plan.twice_share and not plan.twice_fields:
            return set()
        reports = self._reports.stored(report_id for report_id, _ in places)
        return {
            (report_id, field_id)
            for report_id, field_id in places
            if report_id in reports and plan.is_twice(reports[report_id].sha256, reports[report_id].number, field_id)
        }

    def _make_ready(self, items: Sequence[Item]) -> None:
        """Draw what the reviewer will ask for next."""
        for item in items:
            if item.crop_id is not None:
                self._background.do(partial(self._shown.picture, item.crop_id))

    def _settled(self, field: StoredField, at_once: bool) -> Settled:
        differs = field.waiting and field.decided is None and field.version > 0
        if not at_once:
            self._background.recompute([field.report_id])
            return Settled(field, (), (), None, differs)
        values, changed = self._recomputer.recompute(field.report_id)
        self._background.write(field.report_id)
        if values is None:
            return Settled(field, (), (), None, False)
        sums = self._reports.sums(values, field.field_id)
        return Settled(field, changed, sums, values.report.waiting, differs)
