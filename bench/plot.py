"""Plots as SVG, by hand: bars of every server, one panel for each case of a load."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from html import escape
from typing import NamedTuple

from bench.figures import MORE, Case, Figure
from bench.results import Results

LABELS, BARS, VALUES = 300, 360, 220
ROW, HEAD, FOOT = 22, 44, 22
COLOURS = (("tornchat", "#2457c5"), ("limit", "#b9bec7"), ("", "#7d8aa0"))
"""By the beginning of a server's name."""


class Scale(NamedTuple):
    """From a value to pixels. `ticks` are values that get a line."""

    pixels: Callable[[float], float]
    ticks: list[float]


def plots(results: Results, titles: Mapping[str, str]) -> dict[str, str]:
    """One plot for each load, by its name."""
    loads: dict[str, list[Case]] = {}
    for case in results.cases.values():
        loads.setdefault(case.load, []).append(case)
    return {load: _plot(results, cases, titles) for load, cases in loads.items()}


def _plot(results: Results, cases: list[Case], titles: Mapping[str, str]) -> str:
    body, y = [], 0
    for case in cases:
        figures = {name: figure for name in titles if (figure := results.of(case.key, name))}
        body.append(f'<g transform="translate(0 {y})">{_panel(case, figures, titles)}</g>')
        y += HEAD + ROW * len(figures) + FOOT
    width = LABELS + BARS + VALUES
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y}" width="{width}" height="{y}"'
        ' font-family="sans-serif" font-size="13">'
        f'<rect width="{width}" height="{y}" fill="#fff"/>' + "\n".join(body) + "</svg>\n"
    )


def _panel(case: Case, figures: Mapping[str, Figure], titles: Mapping[str, str]) -> str:
    values = [figure.value for figure in figures.values()]
    scale = _decades(values) if case.unit in MORE and len(values) > 2 else _linear(values)
    note = " (logarithmic)" if len(scale.ticks) > 1 else ""
    parts = [_text(10, 22, f"{case.title}: {case.unit}{note}", "start", 'font-weight="bold"')]
    parts += [_tick(scale, tick, HEAD + ROW * len(figures)) for tick in scale.ticks]
    for place, (name, figure) in enumerate(figures.items()):
        parts.append(_bar(HEAD + ROW * place, name, titles[name], figure, scale))
    return "\n".join(parts)


def _decades(values: list[float]) -> Scale:
    some = [value for value in values if value] or [1.0]
    low, high = math.floor(math.log10(min(some))), math.ceil(math.log10(max(some)))
    step = BARS / max(high - low, 1)
    return Scale(
        lambda value: (math.log10(value) - low) * step if value else 0.0,
        [10.0**power for power in range(low, high + 1)],
    )


def _linear(values: list[float]) -> Scale:
    return Scale(lambda value: BARS * value / (max(values) or 1), [0.0])


def _bar(y: int, name: str, title: str, figure: Figure, scale: Scale) -> str:
    colour = next(colour for start, colour in COLOURS if name.startswith(start))
    width = max(scale.pixels(figure.value), 1)
    bar = f'<rect x="{LABELS}" y="{y + 3}" width="{width:.1f}" height="{ROW - 6}" fill="{colour}"/>'
    label = _text(LABELS - 8, y + 15, title.replace("**", "").replace("`", ""), "end")
    return label + bar + _text(LABELS + BARS + 8, y + 15, _said(figure), "start")


def _said(figure: Figure) -> str:
    said = f"{figure.value:,.0f}" if figure.value >= 100 else f"{figure.value:.1f}"
    if figure.p99 is not None:
        said += f"  (p99 {figure.p99 * 1000:.1f} ms)"
    return said


def _tick(scale: Scale, value: float, bottom: int) -> str:
    x = LABELS + scale.pixels(value)
    line = f'<line x1="{x:.1f}" y1="{HEAD - 4}" x2="{x:.1f}" y2="{bottom}" stroke="#e3e6eb"/>'
    return line + _text(x, bottom + 14, f"{value:,.0f}", "middle", 'font-size="10" fill="#667"')


def _text(x: float, y: int, text: str, anchor: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}" {more}>{escape(text)}</text>'
