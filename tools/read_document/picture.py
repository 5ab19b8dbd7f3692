"""What an image file says of itself: size, time, camera, place. Its pixels are never decoded."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from parts import Part, Wanted

from _kit.names import show
from _kit.problem import Problem

VALUE_CHARACTERS = 200


def read(path: str, wanted: Wanted) -> Iterator[Part]:
    """One part: a list of properties."""
    library: Any = import_module("PIL.Image")
    tags: Any = import_module("PIL.ExifTags")
    wanted.total = 1
    library.MAX_IMAGE_PIXELS = None  # only the head is read
    try:
        with library.open(path) as image:
            lines = [f"- format: {image.format}", f"- size: {image.width} × {image.height}", f"- mode: {image.mode}"]
            frames = getattr(image, "n_frames", 1)
            exif = image.getexif()
    except Exception as error:  # Pillow raises whatever its decoders do
        raise Problem("bad_document", f"`{show(path)}` is a damaged image: {error}") from error
    if frames > 1:
        lines.append(f"- frames: {frames}")
    groups = [exif, exif.get_ifd(tags.IFD.Exif)]
    for group in groups:
        for key, value in sorted(group.items()):
            name = tags.TAGS.get(key, "")
            if name and not isinstance(value, bytes) and name not in ("MakerNote", "ExifOffset", "GPSInfo"):
                lines.append(f"- {name}: {str(value).strip()[:VALUE_CHARACTERS]}")
    place = _place(exif.get_ifd(tags.IFD.GPSInfo))
    yield Part("image", "\n".join([*lines, *([f"- place: {place}"] if place else [])]))


def _place(gps: Any) -> str:
    """`52.5163 N 13.3777 E` of the degrees, minutes and seconds in EXIF (tags 1 to 4)."""
    try:
        pairs = [(gps[1], gps[2]), (gps[3], gps[4])]
        return " ".join(f"{float(d) + float(m) / 60 + float(s) / 3600:.4f} {letter}" for letter, (d, m, s) in pairs)
    except (KeyError, ValueError, TypeError, ZeroDivisionError):
        return ""
