# SPDX-License-Identifier: MIT
"""What the scripts that draw have in common."""
import json
import subprocess
import sys


def records(path):
    """What filch-bench wrote with --json."""
    with open(path, encoding='utf-8') as file:
        return [json.loads(line) for line in file]


def in_words(ns, sign=''):
    for unit, size in (('ns', 1), ('us', 1e3), ('ms', 1e6), ('s', 1e9)):
        if abs(ns) < 999.5 * size or unit == 's':
            digits = 1 if unit != 'ns' and abs(ns) < 9.95 * size else 0
            return f'{ns / size:{sign}.{digits}f} {unit}'


def margins(left, top, right, bottom, width, height):
    """The place of a panel, in pixels from the upper left corner."""
    return [f'set lmargin at screen {left / width:.4f}',
            f'set rmargin at screen {right / width:.4f}',
            f'set tmargin at screen {1 - top / height:.4f}',
            f'set bmargin at screen {1 - bottom / height:.4f}']


# What is drawn, and how it looks on a page that is dark.
DARK = {'#57606a': '#9aa4af', '#dde1e6': '#30363d', '#1f5fa8': '#6cb0ff', '#b5470c': '#f0883e',
        '#6f7782': '#9aa4af', '#2f8f5b': '#56c98a', '#8a4fa3': '#c792ea', '#c79a1b': '#e3b341'}


def restyled(colour, ink):
    """Rules for texts, lines and points of this colour, which gnuplot writes in three ways."""
    if not colour.startswith('#'):
        names = {'fill': colour, 'stroke': colour, 'color': colour}
    else:
        red, green, blue = (int(colour[k:k + 2], 16) for k in (1, 3, 5))
        line = f'rgb({red:3}, {green:3}, {blue:3})'
        names = {'fill': f'rgb({red},{green},{blue})', 'stroke': line, 'color': line}
    return [f'[{name}="{value}"] {{ {name}: {ink} }}' for name, value in names.items()]


def adapted(svg):
    """Without a ground of its own, and with lighter ink on a page that is dark."""
    style = ['<style>', *restyled('black', '#24292f'), '@media (prefers-color-scheme: dark) {',
             *restyled('black', '#e6edf3')]
    for colour, ink in DARK.items():
        style += restyled(colour, ink)
    return svg.replace('</desc>', '\n'.join(['</desc>', '', *style, '}', '</style>']), 1)


def draw(commands, svg):
    try:
        drawn = subprocess.run(['gnuplot'], input=commands, text=True, capture_output=True)
    except FileNotFoundError:
        sys.exit('gnuplot is not installed (Debian: gnuplot-nox)')
    if drawn.returncode or drawn.stderr:
        sys.exit(f'{svg}: gnuplot says: {drawn.stderr}')
    with open(svg, 'w', encoding='utf-8') as file:
        file.write(adapted(drawn.stdout))
    print(f'drawn: {svg}')
