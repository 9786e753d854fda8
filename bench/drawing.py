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


def draw(commands, svg):
    try:
        drawn = subprocess.run(['gnuplot'], input=commands, text=True, capture_output=True)
    except FileNotFoundError:
        sys.exit('gnuplot is not installed (Debian: gnuplot-nox)')
    if drawn.returncode or drawn.stderr:
        sys.exit(f'{svg}: gnuplot says: {drawn.stderr}')
    with open(svg, 'w', encoding='utf-8') as file:
        file.write(drawn.stdout)
    print(f'drawn: {svg}')
