"""Kinds of faults of rows, columns and headers of a table."""

from __future__ import annotations

import copy

from mutations.cells import is_filled, is_number


def _row(grid, rng, spare=0):
    return (
        int(rng.integers(grid.first, len(grid.rows) - spare))
        if len(grid.rows) - spare > grid.first
        else None
    )


def _column(grid, rng):
    return int(rng.integers(len(grid.rows[grid.first - 1])))


def _two_cells(grid, rng, wanted):
    places = grid.cells(wanted)
    if len(places) < 2:
        return False
    (r, c), (s, d) = (places[i] for i in rng.choice(len(places), 2, replace=False))
    if grid.rows[r][c] == grid.rows[s][d]:
        return False
    grid.rows[r][c], grid.rows[s][d] = grid.rows[s][d], grid.rows[r][c]
    grid.at(r, c)
    return True


def two_cells_swapped(grid, rng):
    return _two_cells(grid, rng, is_filled)


def two_numbers_swapped(grid, rng):
    return _two_cells(grid, rng, is_number)


def two_cells_of_a_column_swapped(grid, rng):
    column = _column(grid, rng)
    rows = list(range(grid.first, len(grid.rows)))
    if len(rows) < 2:
        return False
    r, s = (rows[i] for i in rng.choice(len(rows), 2, replace=False))
    if grid.rows[r][column] == grid.rows[s][column]:
        return False
    grid.rows[r][column], grid.rows[s][column] = grid.rows[s][column], grid.rows[r][column]
    grid.at(r, column)
    return True


def row_deleted(grid, rng):
    row = _row(grid, rng)
    del grid.rows[row]
    return True


def row_doubled(grid, rng):
    row = _row(grid, rng)
    grid.rows.insert(row, list(grid.rows[row]))
    return True


def row_doubled_with_another_number(grid, rng):
    row = _row(grid, rng)
    numbers = [c for c, value in enumerate(grid.rows[row]) if is_number(value)]
    if not numbers:
        return False
    twin, column = list(grid.rows[row]), numbers[rng.integers(len(numbers))]
    twin[column] = type(twin[column])(float(twin[column]) + 0.5)
    grid.rows.append(twin)
    return True


def rows_swapped(grid, rng):
    row = _row(grid, rng, spare=1)
    if row is None:
        return False
    grid.rows[row], grid.rows[row + 1] = grid.rows[row + 1], grid.rows[row]
    return True


def row_moved_to_the_end(grid, rng):
    row = _row(grid, rng)
    grid.rows.append(grid.rows.pop(row))
    return True


def rows_sorted(grid, rng):
    grid.rows[grid.first :] = sorted(grid.rows[grid.first :], key=lambda row: str(row[0]))
    return True


def blank_row_between(grid, rng):
    row = _row(grid, rng)
    grid.rows.insert(row, [""] * len(grid.rows[row]))
    return True


def row_of_spaces(grid, rng):
    row = _row(grid, rng)
    grid.rows.insert(row, [" "] * len(grid.rows[row]))
    return True


def row_emptied(grid, rng):
    row = _row(grid, rng)
    grid.rows[row] = [""] * len(grid.rows[row])
    grid.at(row)
    return True


def row_cut_short(grid, rng):
    row = _row(grid, rng)
    del grid.rows[row][int(rng.integers(1, len(grid.rows[row]))) :]
    grid.at(row)
    return True


def row_with_a_cell_more(grid, rng):
    row = _row(grid, rng)
    grid.rows[row].append("旁注")
    grid.at(row)
    return True


def row_shifted_right(grid, rng):
    row = _row(grid, rng)
    grid.rows[row].insert(int(rng.integers(len(grid.rows[row]))), "")
    grid.at(row)
    return True


def row_shifted_left(grid, rng):
    row = _row(grid, rng)
    del grid.rows[row][int(rng.integers(len(grid.rows[row])))]
    grid.at(row)
    return True


def note_below_the_table(grid, rng):
    grid.rows.append(["注：以上得分经复核", *[""] * (len(grid.rows[grid.first - 1]) - 1)])
    return True


def total_below_the_table(grid, rng):
    width = len(grid.rows[grid.first - 1])
    grid.rows.append(["合计", *["9"] * (width - 1)])
    return True


def first_row_of_marks_lost(grid, rng):
    del grid.rows[grid.first]
    return True


def last_rows_lost(grid, rng):
    del grid.rows[_row(grid, rng) :]
    return True


def column_dropped(grid, rng):
    column = _column(grid, rng)
    for row in grid.rows:
        del row[column : column + 1]
    return True


def column_doubled(grid, rng):
    column = _column(grid, rng)
    for row in grid.rows:
        row.insert(column, row[column] if column < len(row) else "")
    return True


def column_moved(grid, rng):
    column, width = _column(grid, rng), len(grid.rows[grid.first - 1])
    to = int(rng.integers(width))
    for row in grid.rows:
        row.extend([""] * (width - len(row)))
        row.insert(to, row.pop(column))
    return True


def blank_column_between(grid, rng):
    column = _column(grid, rng)
    for row in grid.rows:
        row.insert(column, "")
    return True


def blank_columns_at_the_end(grid, rng):
    for row in grid.rows:
        row.extend(["", ""])
    return True


def column_without_a_header(grid, rng):
    for number, row in enumerate(grid.rows):
        row.append("" if number < grid.first else "备")
    return True


def column_added(grid, rng):
    for number, row in enumerate(grid.rows):
        row.append("新列" if number == grid.first - 1 else "" if number < grid.first else "1")
    return True


def column_shifted_down(grid, rng):
    column = _column(grid, rng)
    cells = [row[column] for row in grid.rows[grid.first :]]
    for row, value in zip(grid.rows[grid.first :], [cells[-1], *cells[:-1]], strict=True):
        row[column] = value
    return True


def column_emptied(grid, rng):
    column = _column(grid, rng)
    for row in grid.rows[grid.first :]:
        row[column] = ""
    return True


def column_filled_down(grid, rng):
    column = _column(grid, rng)
    for row in grid.rows[grid.first :]:
        row[column] = grid.rows[grid.first][column]
    return True


def _heads(grid):
    return [c for c, head in enumerate(grid.rows[grid.first - 1]) if is_filled(head)]


def _header_changed(change):
    def rename(grid, rng):
        column = _heads(grid)[rng.integers(len(_heads(grid)))]
        head = str(grid.rows[grid.first - 1][column])
        new = change(head)
        grid.rows[grid.first - 1][column] = new
        grid.at(grid.first - 1, column)
        return new != head

    return rename


def headers_swapped(grid, rng):
    c, d = (_heads(grid)[i] for i in rng.choice(len(_heads(grid)), 2, replace=False))
    heads = grid.rows[grid.first - 1]
    heads[c], heads[d] = heads[d], heads[c]
    grid.at(grid.first - 1, c)
    return True


def header_given_twice(grid, rng):
    c, d = (_heads(grid)[i] for i in rng.choice(len(_heads(grid)), 2, replace=False))
    grid.rows[grid.first - 1][c] = grid.rows[grid.first - 1][d]
    grid.at(grid.first - 1, c)
    return True


def header_row_added(grid, rng):
    grid.rows.insert(grid.first, list(grid.rows[grid.first - 1]))
    return True


def header_repeated_inside(grid, rng):
    grid.rows.insert(_row(grid, rng), list(grid.rows[grid.first - 1]))
    return True


def header_row_removed(grid, rng):
    del grid.rows[grid.first - 1]
    return True


def title_row_added(grid, rng):
    grid.rows.insert(0, ["测评结果", *[""] * (len(grid.rows[0]) - 1)])
    return True


def title_row_removed(grid, rng):
    if grid.first < 2:
        return False
    del grid.rows[0]
    return True


def blank_row_on_top(grid, rng):
    grid.rows.insert(0, [""] * len(grid.rows[0]))
    return True


def turned_on_its_side(grid, rng):
    width = max(map(len, grid.rows))
    rows = [[*row, *[""] * (width - len(row))] for row in grid.rows]
    grid.rows = [list(column) for column in zip(*rows, strict=True)]
    return True


def unit_named_as_another(grid, rng):
    column = next(
        (c for c, h in enumerate(grid.rows[grid.first - 1]) if str(h) in ("unit", "单位")), 0
    )
    column = 1 if grid.sheet == "健康情况" else column
    if len(grid.rows) - grid.first < 2:
        return False
    r, s = rng.choice(range(grid.first, len(grid.rows)), 2, replace=False)
    if grid.rows[r][column] == grid.rows[s][column]:
        return False
    grid.rows[r][column] = grid.rows[s][column]
    grid.at(int(r), column)
    return True


def everything_quoted(grid, rng):
    if grid.book is not None:
        return False
    grid.quoting = 1
    return True


SHAPES = {
    function.__name__.replace("_", " "): function
    for function in (
        two_cells_swapped, two_numbers_swapped, two_cells_of_a_column_swapped, row_deleted,
        row_doubled, row_doubled_with_another_number, rows_swapped, row_moved_to_the_end,
        rows_sorted, blank_row_between, row_of_spaces, row_emptied, row_cut_short,
        row_with_a_cell_more, row_shifted_right, row_shifted_left, note_below_the_table,
        total_below_the_table, first_row_of_marks_lost, last_rows_lost, column_dropped,
        column_doubled, column_moved, blank_column_between, blank_columns_at_the_end,
        column_without_a_header, column_added, column_shifted_down, column_emptied,
        column_filled_down, headers_swapped, header_given_twice, header_row_added,
        header_repeated_inside, header_row_removed, title_row_added, title_row_removed,
        blank_row_on_top, turned_on_its_side, unit_named_as_another, everything_quoted,
    )
}  # fmt: skip
SHAPES |= {
    "header renamed": _header_changed(lambda head: "其他"),
    "header in another case": _header_changed(str.swapcase),
    "header with spaces": _header_changed(lambda head: f" {head} "),
    "header with a zero-width space": _header_changed(lambda head: f"{head}\u200b"),
    "header with a line break": _header_changed(lambda head: f"{head[:1]}\n{head[1:]}"),
    "header emptied": _header_changed(lambda head: ""),
    "header with a note": _header_changed(lambda head: f"{head}（分）"),
}


def changed(grid, shape, rng):
    """The grid after one such fault, or None where it does not apply."""
    grid = copy.copy(grid)
    grid.rows = [list(row) for row in grid.rows]
    return grid if shape(grid, rng) else None
