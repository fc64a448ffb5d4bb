"""Tables of a published index to a study folder in the contract's form."""

import pandas as pd
import yaml


def tree(table, *, root, low, high) -> pd.DataFrame:
    """Rows of ``scheme.csv`` from ``node, parent, weight``; leaves run between two goalposts.

    ``root`` is added where the table has no row for it.
    """
    nodes = table[["node", "parent", "weight"]].set_axis(["code", "parent", "weight"], axis=1)
    if root not in set(nodes["code"]):
        top = pd.DataFrame({"code": [root], "parent": [""], "weight": [1]})
        nodes = pd.concat([top, nodes], ignore_index=True)
    leaf = ~nodes["code"].isin(nodes["parent"])
    posts = {"low": low, "high": high, "outside": "keep"}
    return nodes.assign(
        name_zh=nodes["code"], **{name: leaf.map({True: v}) for name, v in posts.items()}
    )


def marks(values) -> pd.DataFrame:
    """Rows of ``marks.csv`` from units x leaves; a value that is NaN has no row: it is missing."""
    long = values.rename_axis(index="unit", columns="indicator").stack().rename("mark")
    return long.dropna().reset_index()


def write_study(folder, years, *, successions=()):
    """A study folder of these years, each a dict of file name to table (or rules).

    Units are those of ``marks`` or ``totals``, and take part in the years that have them.
    """
    spans = {}
    for year, files in years.items():
        for unit in files.get("totals", files.get("marks"))["unit"].unique():
            spans.setdefault(unit, []).append(year)
    units = pd.DataFrame(
        [
            (unit, unit, "g", f"{seen[0]}-01-01", f"{seen[-1]}-12-31")
            for unit, seen in spans.items()
        ],
        columns=["unit", "name_zh", "group", "valid_from", "valid_to"],
    )
    about = {"names": {"zh": "已发表"}, "provenance": "published", "groups": {"g": {"zh": "组"}}}
    folder.mkdir()
    (folder / "study.yaml").write_text(yaml.safe_dump(about, allow_unicode=True), "utf-8")
    units.to_csv(folder / "units.csv", index=False)
    if successions:
        columns = ["from_unit", "to_unit", "year", "kind"]
        rows = pd.DataFrame(successions, columns=columns)
        rows.to_csv(folder / "successions.csv", index=False)
    for year, files in years.items():
        (folder / str(year)).mkdir()
        for name, content in files.items():
            if name == "rules":
                text = yaml.safe_dump(content)
                (folder / str(year) / "rules.yaml").write_text(text, "utf-8")
            else:
                content.to_csv(folder / str(year) / f"{name}.csv", index=False)
    return folder
