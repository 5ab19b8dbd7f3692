"""query_data and plot_data: SQL over what people have on their disks."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

duckdb = pytest.importorskip("duckdb", reason="the documents extra is not installed")


@pytest.fixture
def sales(put, folder: Path) -> Path:
    put("sales.csv", "region,amount\nnorth,10\nsouth,5\nnorth,2.5\n")
    return folder


@pytest.mark.usefixtures("sales")
class TestQuery:
    def test_a_table_has_the_stem_of_its_file(self, call) -> None:
        answer = call(
            "query_data", paths=["sales.csv"], sql="select region, sum(amount) s from sales group by 1 order by s desc"
        )
        assert answer.text == "| region | s |\n| --- | --- |\n| north | 12.5 |\n| south | 5 |\n[2 rows]"

    def test_without_sql_columns_types_and_rows_are_shown(self, call) -> None:
        text = call("query_data", paths=["sales.csv"]).text
        assert text.startswith(
            "## sales: 3 rows, from sales.csv\ncolumns: region VARCHAR, amount DOUBLE\n| region | amount |"
        )

    def test_several_formats_are_joined(self, call, put, folder: Path) -> None:
        put("heads.json", json.dumps([{"region": "north", "head": "Ann"}]))
        base = sqlite3.connect(folder / "plan.db")
        base.execute("create table targets (region text, target integer, note blob)")
        base.executemany("insert into targets values (?, ?, ?)", [("north", 20, None), ("south", 7, None)])
        base.commit()
        base.close()
        duckdb.sql(f"copy (select 'north' region, 1.5 factor) to '{folder}/factors.parquet'".replace("*", "*"))
        answer = call(
            "query_data",
            paths=["sales.csv", "heads.json", "plan.db", "factors.parquet"],
            sql="select s.region, head, target, factor from sales s join heads h using (region) join targets t using (region) join factors f using (region) limit 1",
        )
        assert "| north | Ann | 20 | 1.5 |" in answer.text

    def test_a_workbook(self, call, folder: Path) -> None:
        xlsxwriter = pytest.importorskip("xlsxwriter")
        book = xlsxwriter.Workbook(str(folder / "Report 2026.xlsx"))
        sheet = book.add_worksheet("One")
        for n, values in enumerate([["name", "n"], ["a", 1], ["b", 2]]):
            sheet.write_row(n, 0, values)
        book.close()
        assert "| 3 |" in call("query_data", paths=["Report 2026.xlsx"], sql="select sum(n) from report_2026").text

    def test_many_rows_are_paged(self, call) -> None:
        sql = "select * from range(10000) order by 1"
        first = call("query_data", 1000, paths=["sales.csv"], sql=sql)
        assert first.truncated
        assert "of 10000; start=" in first.text
        assert len(first.text.encode()) <= 1000
        start = int(first.text.rpartition("start=")[2].split()[0])
        assert f"| {start - 1} |" in call("query_data", 1000, paths=["sales.csv"], sql=sql, start=start).text

    def test_wrong_sql_says_what_is_wrong_and_what_there_is(self, call) -> None:
        answer = call("query_data", paths=["sales.csv"], sql="select nothing from sales")
        assert answer.code == "bad_query"
        assert "nothing" in answer.text
        assert "[tables: sales]" in answer.text

    @pytest.mark.parametrize(
        "sql", ["install httpfs", "load httpfs", "set memory_limit='100GB'", "attach 'https://example.com/x.db'"]
    )
    def test_nothing_is_loaded_and_nothing_reconfigured(self, call, sql: str) -> None:
        assert call("query_data", paths=["sales.csv"], sql=sql).code == "bad_query"

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("a.parquet", b"PAR1 broken"),
            ("a.db", b"SQLite format 3\0 broken"),
            ("a.xlsx", b"PK broken"),
            ("a.json", b"{"),
            ("a.exe", b"x"),
        ],
    )
    def test_broken_files_are_named(self, call, put, name: str, content: bytes) -> None:
        put(name, content)
        answer = call("query_data", paths=[name])
        assert answer.code == "bad_document"
        assert name in answer.text

    def test_odd_names_become_plain_ones(self, call, put) -> None:
        put("2026 'Q1' [x].csv", "a\n1\n")
        assert "## t_2026_q1_x: 1 rows" in call("query_data", paths=["2026 'Q1' [x].csv"]).text


@pytest.mark.usefixtures("sales")
class TestPlot:
    @pytest.mark.parametrize("kind", ["line", "bar", "scatter", "area", "hist", "pie"])
    def test_every_kind_is_saved_and_shown(self, call, folder: Path, kind: str) -> None:
        answer = call("plot_data", paths=["sales.csv"], kind=kind, save_as=f"{kind}.png", title="Cost in $ 成本")
        assert answer.ok, answer.text
        assert (folder / f"{kind}.png").read_bytes().startswith(b"\x89PNG")
        assert answer.data["image"]["media_type"] == "image/png"

    def test_sql_chooses_the_data(self, call, folder: Path) -> None:
        answer = call(
            "plot_data",
            paths=["sales.csv"],
            sql="select region, sum(amount) total from sales group by 1",
            kind="bar",
            save_as="a.svg",
        )
        assert answer.text == "saved a.svg: a bar chart of total by region, 2 points"
        assert b"<svg" in (folder / "a.svg").read_bytes()

    def test_a_column_that_is_none(self, call) -> None:
        answer = call("plot_data", paths=["sales.csv"], kind="bar", y=["price"], save_as="a.png")
        assert answer.code == "bad_query"
        assert "there are region, amount" in answer.text

    def test_another_ending(self, call) -> None:
        assert call("plot_data", paths=["sales.csv"], kind="bar", save_as="a.jpg").code == "invalid_arguments"
