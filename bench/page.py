"""docs/performance.md and its plots, from the figures that `python -m bench --json` keeps.

python -m bench.page [--check]: between the marks `<!-- figures: NAME -->` and `<!-- end -->` stands what the figures
say; the rest of the page is written by hand. --check changes nothing, and fails if the page is not what they say.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.plots import bars, lines

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "performance.md"
PLOTS = DOCS / "performance"
FIGURES = PLOTS / "figures.json"
NONE = "Not measured yet."
_BLOCK = re.compile(r"(<!-- figures: ([a-z0-9_ -]+) -->\n).*?(<!-- end -->)", re.DOTALL)

Figures = Mapping[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    texts = made(json.loads(FIGURES.read_text("utf-8")))
    stale = [path for path, text in texts.items() if is_other(path, text)]
    if given.check:
        names = ", ".join(str(path) for path in stale)
        sys.exit(f"Not what the figures say, make it again with `python -m bench.page`: {names}" if stale else 0)
    for path in set(PLOTS.glob("*.svg")) - texts.keys():
        path.unlink()
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(DOCS.parent))


def is_other(path: Path, text: str) -> bool:
    return not path.exists() or path.read_text(encoding="utf-8") != text


def made(figures: Figures) -> dict[Path, str]:
    """Every file that comes of the figures, and its text."""
    page = _BLOCK.sub(lambda found: f"{found[1]}{block(found[2], figures)}\n{found[3]}", PAGE.read_text("utf-8"))
    return {PAGE: page} | {PLOTS / f"{name}.svg": text for name, text in plots(figures).items()}


def block(name: str, figures: Figures) -> str:
    """The text between two marks: a table, a plot, or a part's lines."""
    if name in TABLES:
        return TABLES[name](figures)
    if name in PLOTTED:
        draw, alt = PLOTTED[name]
        return f"![{alt}]({PLOTS.name}/{name}.svg)" if draw(figures) else NONE
    return part_lines(figures, name)


def kept(figures: Figures, part: str, kind: str) -> list[dict[str, Any]]:
    return [line for line in figures.get(part, {}).get("lines", ()) if line["kind"] == kind]


def part_lines(figures: Figures, part: str) -> str:
    """All that a part printed, and the command that prints it."""
    if part not in figures:
        return NONE
    rows = [(line["name"], *shown(line)) for line in figures[part]["lines"] if line["kind"] in {"fact", "target"}]
    return f"`{figures[part]['command']}`\n\n{table(('', 'measured', 'target'), rows)}"


def shown(line: Mapping[str, Any]) -> tuple[str, str]:
    if line["kind"] == "fact":
        return ", ".join(each.strip() for each in line["figures"]), ""
    return line["figure"].strip(), line["target"] + ("" if line["is_met"] else ": **missed**")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    marks = ["---", *["--:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, marks, *rows))


def about(figures: Figures) -> str:
    """The machines and versions that parts were measured on; one, if all were measured in one run."""
    found: dict[str, list[str]] = {}
    for part, each in figures.items():
        said = "{date}: {processor}, {processors} processors, {memory_gib} GiB, {system}. {versions}.".format(
            **each["about"]
        )
        found.setdefault(said, []).append(part)
    if len(found) == 1:
        return next(iter(found))
    return "\n".join(f"- {said} Parts: {', '.join(parts)}." for said, parts in found.items()) or NONE


def peers(what: str) -> Callable[[Figures], str]:
    """A table of seconds of each tool for each pair of formats, and how many times headrace's."""

    def made(figures: Figures) -> str:
        runs = kept(figures, "peers", "run")
        names = list(dict.fromkeys(run["peer"] for run in runs))
        rows: list[list[str]] = []
        for pair in dict.fromkeys(map(pair_of, runs)):
            taken = {run["peer"]: run[what] for run in runs if pair_of(run) == pair}
            rows.append([pair, *(_beside(taken, name) for name in names)])
        return table(["", *names], rows) if rows else NONE

    return made


def _beside(taken: Mapping[str, float], name: str) -> str:
    if name not in taken:
        return "–"
    seconds, ours = taken[name], taken.get("headrace")
    return f"{seconds:.2f} s" + (f" ({seconds / ours:.2g}×)" if ours and name != "headrace" else "")


def pair_of(run: Mapping[str, Any]) -> str:
    return f"{WORDS[run['form'].upper()]} to {WORDS[run['file_type']]}"


def formats(figures: Figures) -> str:
    pairs = kept(figures, "formats", "pair")
    rows = [[pair_of(pair), *(f"{pair[name]:.2f}" for name in ("throughput", "cpu"))] for pair in pairs]
    return table(("", "throughput of plain COPY", "by processor time"), rows) if rows else NONE


def sizes(figures: Figures) -> str:
    runs = kept(figures, "sizes", "run")
    names = list(dict.fromkeys(run["peer"] for run in runs))
    rows: list[list[str]] = []
    for records in dict.fromkeys(run["records"] for run in runs):
        some = [run for run in runs if run["records"] == records]
        taken = {run["peer"]: f"{run['seconds']:.2f} s, {run['peak_mb']:,.0f} MB" for run in some}
        rows.append([f"{records:,}", *(taken.get(name, "–") for name in names)])
    return table(["records", *names], rows) if rows else NONE


def small_files(figures: Figures) -> str:
    """A row for each pair of formats and what ran it: processor time, and the share of one file's throughput."""
    found = kept(figures, "small_files", "small")
    missed = {line["name"] for line in kept(figures, "small_files", "target") if not line["is_met"]}
    rows: dict[str, dict[str, str]] = {}
    for each in found:
        ran, _, way = each["way"].partition(": ")
        row = rows.setdefault(f"{_named(each['pair'])}: {ran}", {"one": f"{each['cpu_s'] * each['times']:.2f} s"})
        mark = ", **missed**" if f"{each['pair']}, {each['way']}: throughput of one file" in missed else ""
        row[way] = f"{each['cpu_s']:.2f} s ({each['times']:.2f}×{mark})"
    ways = ("one", "to one", "to each")
    shown_rows = [[name, *(row.get(way, "–") for way in ways)] for name, row in rows.items()]
    return table(("", "one file", "small ones to one", "to one each"), shown_rows) if rows else NONE


def _named(pair: str) -> str:
    return " to ".join(WORDS[name.upper()] for name in pair.split(" to "))


def latency(figures: Figures) -> str:
    found = kept(figures, "latency", "latency")
    sizes_ = list(dict.fromkeys(each["records"] for each in found))
    rows = [[name, *(_seconds(points, size) for size in sizes_)] for name, points in by_peer(found, "seconds").items()]
    return table(["records", *(f"{size:,}" for size in sizes_)], rows) if rows else NONE


def _seconds(points: Sequence[tuple[float, float]], size: float) -> str:
    return next((f"{seconds:.2f} s" for records, seconds in points if records == size), "–")


def by_peer(found: Iterable[Mapping[str, Any]], what: str) -> dict[str, list[tuple[float, float]]]:
    series: dict[str, list[tuple[float, float]]] = {}
    for each in found:
        series.setdefault(each["peer"], []).append((each["records"], each[what]))
    return series


def plots(figures: Figures) -> dict[str, str]:
    """Every plot for which there are figures, by its file's name."""
    return {name: drawn for name, (draw, _) in PLOTTED.items() if (drawn := draw(figures))}


def throughput(figures: Figures) -> str | None:
    groups: dict[str, dict[str, float]] = {}
    runs = kept(figures, "peers", "run")
    for run in runs:
        groups.setdefault(pair_of(run), {})[run["peer"]] = run["records"] / run["seconds"] / 1e6
    return bars(f"Million records a second, {runs[0]['records']:,} records, whole processes", groups) if runs else None


def over_records(title: str, part: str, kind: str, what: str) -> Callable[[Figures], str | None]:
    """A plot of lines: what each peer took, over the number of records."""

    def drawn(figures: Figures) -> str | None:
        series = by_peer(kept(figures, part, kind), what)
        return lines(title, "records", series) if series else None

    return drawn


WORDS = {"CSV": "CSV", "JSON": "JSON Lines", "PARQUET": "Parquet", "CSV_GZIP": "gzip CSV"}
TABLES: Mapping[str, Callable[[Figures], str]] = {
    "about": about,
    "table of peers": peers("seconds"),
    "table of processor time": peers("cpu_s"),
    "table of formats": formats,
    "table of sizes": sizes,
    "table of latencies": latency,
    "table of small files": small_files,
}
# What draws each plot, and what is said to those who do not see it.
PLOTTED: Mapping[str, tuple[Callable[[Figures], str | None], str]] = {
    "throughput": (throughput, "Million records a second of each tool for each pair of formats"),
    "memory": (
        over_records("Peak memory in MB over records, CSV to Parquet", "sizes", "run", "peak_mb"),
        "Peak memory of each tool from a thousand records to ten million",
    ),
    "latency": (
        over_records("Seconds of a whole flow over its size", "latency", "latency", "seconds"),
        "Seconds that a flow takes in each tool over its size",
    ),
    "scale-out": (
        over_records("Seconds of a flow on one node and on two", "scale_out", "scale", "seconds"),
        "Seconds that a flow takes in one process, on one Ray node and on two",
    ),
}


if __name__ == "__main__":
    main()
