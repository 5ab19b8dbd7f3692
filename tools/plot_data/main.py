"""Draws one chart and saves it; the picture is shown as well."""

from __future__ import annotations

import base64
import os
from importlib import import_module
from io import BytesIO
from typing import Any

from _kit.call import Call
from _kit.files import replace
from _kit.names import within
from _kit.problem import Problem
from _kit.tables import Tables

POINTS = 100_000
FORMATS = {".png": "png", ".svg": "svg", ".pdf": "pdf"}
IMAGE_BYTES = 3_750_000
# Fonts that hold Chinese signs, as the common systems install them; the first that is there wins.
FONTS = [
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "Microsoft YaHei",
    "PingFang SC",
    "DejaVu Sans",
]


def run(args: dict[str, Any], call: Call) -> dict[str, Any]:
    """One call: see tool.toml."""
    name = within(args["save_as"], call.folder)
    suffix = os.path.splitext(name)[1].lower()
    if suffix not in FORMATS:
        raise Problem("invalid_arguments", f"`{name}` must end with .png, .svg or .pdf")
    tables = Tables(args["paths"])
    columns, rows = tables.query(args.get("sql") or f'SELECT * FROM "{tables.names[0][0]}"')
    values = [r for _, r in zip(range(POINTS + 1), rows, strict=False)]
    if not values:
        raise Problem("bad_query", "there are no rows to draw")
    if len(values) > POINTS:
        raise Problem("too_big", f"there are more than {POINTS} points; group or sample them in `sql`")
    x, ys = _columns(args, columns, values)
    series = {y: [_number(r[columns.index(y)]) for r in values] for y in ys}
    picture, preview = _draw(
        args["kind"], x, [r[columns.index(x)] for r in values], series, args.get("title", ""), FORMATS[suffix]
    )
    replace(args["save_as"], picture)
    data: dict[str, Any] = {"path": name}
    if len(preview) <= IMAGE_BYTES:
        data["image"] = {"media_type": "image/png", "data_b64": base64.b64encode(preview).decode("ascii")}
    what = ", ".join(ys) if args["kind"] == "hist" else f"{', '.join(ys)} by {x}"
    return {"text": f"saved {name}: a {args['kind']} chart of {what}, {len(values)} points", "data": data}


def _columns(args: dict[str, Any], columns: list[str], values: list[tuple[Any, ...]]) -> tuple[str, list[str]]:
    """(column of the x axis, columns of the y axis)."""
    for name in [*([args["x"]] if "x" in args else []), *args.get("y", [])]:
        if name not in columns:
            raise Problem("bad_query", f"there is no column `{name}`; there are {', '.join(columns)}")
    numbers = [c for n, c in enumerate(columns) if any(_number(r[n]) is not None for r in values[:100])]
    x: str = args.get("x") or (columns[0] if args["kind"] != "hist" or not numbers else numbers[0])
    ys: list[str] = args.get("y") or ([x] if args["kind"] == "hist" else [c for c in numbers if c != x])
    if not ys:
        raise Problem("bad_query", f"no column but `{x}` holds numbers; there are {', '.join(columns)}")
    return x, ys


def _number(value: Any) -> float | None:
    try:
        return None if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


def _draw(
    kind: str, x: str, labels: list[Any], series: dict[str, list[float | None]], title: str, form: str
) -> tuple[bytes, bytes]:
    """(the picture in its format, the same as PNG)."""
    os.environ.setdefault("MPLCONFIGDIR", "/tmp/matplotlib")
    matplotlib: Any = import_module("matplotlib")
    matplotlib.use("Agg")
    plt: Any = import_module("matplotlib.pyplot")
    known = {f.name for f in import_module("matplotlib.font_manager").fontManager.ttflist}
    matplotlib.rcParams["font.sans-serif"] = [f for f in FONTS if f in known]
    matplotlib.rcParams["axes.unicode_minus"] = False
    figure, axes = plt.subplots(figsize=(9, 5.5), layout="constrained")
    _plot(kind, axes, labels, series)
    if kind != "pie":
        axes.set_xlabel(_plain(next(iter(series)) if kind == "hist" else x))
        axes.grid(visible=True, alpha=0.3)
        if len(series) > 1:
            axes.legend()
        else:
            axes.set_ylabel("count" if kind == "hist" else _plain(next(iter(series))))
    if title:
        axes.set_title(_plain(title))
    pictures: list[bytes] = []
    for wanted in (form, "png"):
        buffer = BytesIO()
        figure.savefig(buffer, format=wanted, dpi=100)
        pictures.append(buffer.getvalue())
    plt.close(figure)
    return pictures[0], pictures[1]


def _plot(kind: str, axes: Any, labels: list[Any], series: dict[str, list[float | None]]) -> None:
    names = [_plain(str(label)) for label in labels]
    numbers = [float("nan") if v is None else v for v in next(iter(series.values()))]
    if kind == "pie":
        if any(v < 0 for v in numbers):
            raise Problem("bad_query", "a pie needs numbers that are not negative")
        axes.pie(numbers, labels=names, autopct="%1.0f%%")
        return
    if kind == "hist":
        for name, ys in series.items():
            axes.hist([v for v in ys if v is not None], bins="auto", label=_plain(name), alpha=0.7)
        return
    continuous = all(_number(label) is not None or hasattr(label, "year") for label in labels)
    positions: list[Any] = labels if continuous and kind != "bar" else list(range(len(labels)))
    for n, (name, ys) in enumerate(series.items()):
        data = [float("nan") if v is None else v for v in ys]
        if kind == "bar":
            width = 0.8 / len(series)
            axes.bar([p - 0.4 + width * (n + 0.5) for p in positions], data, width, label=_plain(name))
        elif kind == "scatter":
            axes.scatter(positions, data, s=12, label=_plain(name))
        elif kind == "area":
            axes.fill_between(positions, data, alpha=0.5, label=_plain(name))
        else:
            axes.plot(positions, data, label=_plain(name))
    if positions is not labels:
        step = max(1, len(names) // 30)
        axes.set_xticks(
            positions[::step],
            names[::step],
            rotation=45 if max(map(len, names)) > 4 else 0,
            ha="right" if max(map(len, names)) > 4 else "center",
        )


def _plain(text: str) -> str:
    """Not mathtext: a dollar sign in data is no formula. On one line, and not endless."""
    return "".join(c if c.isprintable() else " " for c in text[:80]).replace("$", r"\$")
