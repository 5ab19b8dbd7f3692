"""Draws a picture small: an encoded picture on standard input, a binary PPM (P6) on standard output.

    python -I thumbnail.py WIDTH HEIGHT < picture > small.ppm

No tool of a model's: the assistant runs it in a private room for the screen, so that foreign pictures are decoded in no
process that matters. The result fits WIDTH x HEIGHT pixels, keeps its proportions, and has an even number of rows (two
of them are one row of a terminal). Of an animation, the first frame. What can't be drawn is exit status 1.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
"""What models are shown, so what results and messages hold. Pillow's decoders of other formats are never reached."""
MOST_PIXELS = 50_000_000
"""Refused beyond, before anything is decoded: a bomb. Cameras of telephones make 12 to 50 million."""
BEHIND = (255, 255, 255, 255)
"""What shows through where a picture is transparent: charts are drawn for paper."""


def main(width: int, height: int) -> int:
    """Exit status 0 when the picture was written, 1 when it can't be drawn."""
    library: Any = import_module("PIL.Image")
    operations: Any = import_module("PIL.ImageOps")
    library.MAX_IMAGE_PIXELS = MOST_PIXELS  # Pillow itself refuses twice that, in whatever a decoder opens inside
    try:
        with library.open(sys.stdin.buffer, formats=FORMATS) as image:
            if not 0 < image.width * image.height <= MOST_PIXELS:
                print(f"{image.width} x {image.height} pixels are too many", file=sys.stderr)
                return 1
            image.draft("RGB", (width * 2, height * 2))  # of a JPEG, only what is needed of its details
            operations.exif_transpose(image, in_place=True)
            small = _small(image, width, height, library)
    except Exception as error:  # Pillow raises whatever its decoders do
        print(f"{type(error).__name__}: {error}"[:500], file=sys.stderr)
        return 1
    sys.stdout.buffer.write(b"P6\n%d %d\n255\n" % small.size + small.tobytes())
    return 0


def _small(image: Any, width: int, height: int, library: Any) -> Any:
    if image.mode not in ("RGB", "RGBA", "L"):
        image = image.convert("RGBA")
    scale = min(width / image.width, height / image.height, 1.0)
    across = max(1, round(image.width * scale))
    down = min(height, max(2, round(image.height * scale / 2) * 2))
    image = image.resize((across, down), library.Resampling.BOX if scale < 1 else library.Resampling.NEAREST)
    if image.mode == "RGBA":
        image = library.alpha_composite(library.new("RGBA", image.size, BEHIND), image)
    return image.convert("RGB")


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]), int(sys.argv[2])))
