"""Words for kinds of files, and the name endings that they mean."""

from __future__ import annotations

import re
from functools import cache

_KINDS: tuple[tuple[str, str, str], ...] = (
    # folder when tidied, endings, words
    ("images", "jpg jpeg png gif bmp webp svg heic tif tiff ico", "image images picture pictures photo photos pic pics 图片 图像 照片 相片 图"),
    ("videos", "mp4 mkv mov avi webm flv wmv m4v", "video videos movie movies film films 视频 影片 电影 录像"),
    ("music", "mp3 wav flac ogg m4a aac wma opus", "music audio song songs sound sounds recording recordings 音频 音乐 歌曲 录音 歌"),
    ("archives", "zip tar gz tgz bz2 xz 7z rar zst", "archive archives compressed zip 压缩包 压缩文件 压缩 归档"),
    ("spreadsheets", "csv tsv xls xlsx ods", "spreadsheet spreadsheets excel table tables 表格 电子表格"),
    ("slides", "ppt pptx odp key", "slide slides presentation presentations powerpoint 幻灯片 演示文稿"),
    ("documents", "pdf doc docx odt rtf txt md epub", "document documents docs doc 文档"),
    ("code", "py js ts tsx jsx c h cc cpp hpp java go rs rb php sh pl swift kt scala lua r jl cs html css sql", "code source sources script scripts program programs 代码 源代码 源码 脚本 程序"),
    ("data", "json yaml yml toml xml ini cfg conf", "config configuration configs settings 配置"),
    ("", "txt", "text txt plain-text 文本 纯文本"),
    ("", "md markdown", "markdown md"),
    ("", "py", "python py"),
    ("", "js mjs cjs", "javascript js"),
    ("", "ts tsx", "typescript ts"),
    ("", "html htm", "html 网页"),
    ("", "css", "css"),
    ("", "json", "json"),
    ("", "yaml yml", "yaml yml"),
    ("", "toml", "toml"),
    ("", "xml", "xml"),
    ("", "csv", "csv"),
    ("", "pdf", "pdf pdfs"),
    ("", "docx doc", "word docx"),
    ("", "log", "log logs 日志"),
    ("", "c h", "c"),
    ("", "cpp cc cxx hpp h", "c++ cpp"),
    ("", "java", "java"),
    ("", "go", "go golang"),
    ("", "rs", "rust rs"),
    ("", "rb", "ruby"),
    ("", "sh bash", "shell bash sh"),
    ("", "sql", "sql"),
    ("", "jpg jpeg", "jpg jpgs jpeg jpegs"),
    ("", "png", "png pngs"),
    ("", "gif", "gif gifs"),
    ("", "mp3", "mp3 mp3s"),
    ("", "mp4", "mp4 mp4s"),
    ("", "ipynb", "notebook notebooks jupyter 笔记本"),
    ("", "tmp temp bak swp", "temporary temp backup 临时 备份"),
    ("", "xlsx", "xlsx"),
    ("", "xls", "xls"),
)  # fmt: skip


@cache
def _by_word() -> dict[str, tuple[str, ...]]:
    return {
        word: tuple(f"*.{e}" for e in endings.split())
        for _, endings, words in reversed(_KINDS)
        for word in words.split()
    }


def globs(word: str) -> tuple[str, ...]:
    """The name patterns that a word for a kind of file means, or nothing."""
    return _by_word().get(word.lower(), ())


@cache
def words_pattern() -> str:
    """A regular expression for all these words: English ones as whole words, Chinese ones anywhere."""
    words = sorted(_by_word(), key=len, reverse=True)
    latin = "|".join(re.escape(w) for w in words if w.isascii())
    han = "|".join(w for w in words if not w.isascii())
    return rf"(?:(?<![\w.+-])(?:{latin})(?![\w+-])|(?:{han}))"


def drawer(name: str) -> str:
    """The folder that a file is put in when files are sorted by kind; empty for what has no ending."""
    ending = name.lower().rpartition(".")[2] if "." in name.strip(".") else ""
    return next(
        (folder for folder, endings, _ in _KINDS if folder and ending in endings.split()), "other" if ending else ""
    )
