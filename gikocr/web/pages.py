"""The pages."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from gikocr.review import Item
from gikocr.web import asking
from gikocr.web.words import Language, language_of, page_words, script_words, script_words_json
from gikocr.workspace.rows import amount_text

router = APIRouter()

LANGUAGE_COOKIE = "gikocr-language"

#: Items that the queue page lists.
_LISTED = 15

# Everything that a template is given is escaped; no template says otherwise.
_templates = Environment(
    loader=PackageLoader(__package__ or "gikocr.web", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def language(request: Request) -> Language:
    """The language of a page."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    return language_of(chosen, request.headers.get("accept-language", ""), request.app.state.language)


def render(request: Request, page: str, status: int = 200, **values: object) -> Response:
    """A page by its template."""
    lang = language(request)
    state = request.app.state
    whole: dict[str, object] = {
        "page": page,
        "lang": lang,
        "t": page_words(lang),
        "words": script_words_json(lang),
        "person": getattr(request.state, "person", None),
        "workspace": state.workspace_id,
        "stamp": state.stamp,
        "percent": percent,
        "duration": lambda seconds: duration(seconds, lang),
        "shown": lambda item: shown(item, lang),
        "at": at,
    }
    return HTMLResponse(_templates.get_template(f"{page}.html").render(whole | values), status)


def problem(request: Request, status: int, message: str) -> Response:
    """A page that says what is wrong."""
    return render(request, "problem", status, number=status, message=message)


@router.get("/")
def queue(request: Request) -> Response:
    """The queue: numbers, orders, filters, and what comes first."""
    station, person = asking.station(request), asking.person(request)
    chosen, order = asking.selection(request), asking.order(request)
    items = station.queue(order, chosen, person=person, limit=_LISTED, lease=False)
    query = _query(request)
    return render(
        request,
        "queue",
        counts=station.counts(chosen, person=person),
        residual=station.residual(),
        items=items,
        order=order,
        selection=chosen,
        tables=station.form.table_keys,
        query=f"?{query}" if query else "",
    )


@router.get("/review")
def review(request: Request) -> Response:
    """One field at a time."""
    asking.selection(request)
    filters = {
        k: v
        for k, v in request.query_params.items()
        if k in ("table", "agency", "year", "name", "field", "senior") and v
    }
    return render(request, "review", order=asking.order(request), filter=urlencode(filters))


@router.get("/help")
def help_page(request: Request) -> Response:
    """How it goes, and the keys."""
    return render(request, "help")


def percent(share: float) -> str:
    """A share for people."""
    return f"{100 * share:.2f} %"


def duration(seconds: float | None, lang: Language) -> str:
    """A time for people."""
    if seconds is None:
        return "–"
    minutes = round(seconds / 60)
    if minutes < 1:
        return "< 1 分钟" if lang == "zh" else "< 1 min"
    if minutes < 120:
        return f"{minutes} 分钟" if lang == "zh" else f"{minutes} min"
    return f"{seconds / 3600:.1f} 小时" if lang == "zh" else f"{seconds / 3600:.1f} h"


def shown(item: Item, lang: Language) -> str:
    """What was read, in digits or in a word."""
    if item.blind:
        return "–"
    return amount_text(item.field.value) or script_words(lang)[item.field.state]


def at(item: Item) -> str:
    """The address where an item is reviewed."""
    return f"/review?{urlencode({'report': item.field.report_id, 'at': item.field.field_id})}"


def _query(request: Request) -> str:
    wanted = ("order", "table", "agency", "year", "name")
    return urlencode({k: v for k, v in request.query_params.items() if k in wanted and v})
