"""True ways to say a study's figures, and changes of a letter that turn one binding."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations

from evallib.publication.check.catalogue import scalar
from evallib.publication.check.letter import bound_texts, check_blocks
from evallib.publication.check.read import Block
from evallib.publication.check.tokens import lexicon
from evallib.publication.check.verdicts import judge
from evallib.publication.hedges import SHARE_WORDS, bounds, holds
from evallib.rounding import format_number

SAID = {
    "all": ["全市政府网站", "全部网站"],
    "department": ["部门网站", "各部门网站", "全市部门网站"],
    "dev_zone": ["开发区网站"],
    "department & A": ["A类部门网站", "A类部门"],
    "department & B": ["B类部门网站"],
}
OPPOSITE = {
    "提高": "下降", "提升": "降低", "上升": "下降", "增加": "减少", "增幅": "降幅",
    "下降": "上升", "降低": "提高", "减少": "增加", "降幅": "增幅",
}  # fmt: skip
NODES = ["H", "F", "P", "S", "I", "F2", "P7", "S1", "I4"]


def paraphrases(templates, study, known, rng) -> list[str]:
    """Every template filled with every figure that fits it."""
    values = {name: scalar(c) for name, c in known.items() if _is_number(c)}

    def printed(claim, decimals=2, size=1):
        return format_number(abs(size * values[claim]), decimals)

    rows = [
        *(("population", row) for row in _populations(known, values, printed)),
        *(("node", row) for row in _nodes(study, values, printed)),
        *(("site", row) for row in _sites(study, printed)),
        *(("finding", row) for row in _findings(study, known)),
        *(("lists", row) for row in _lists(study, known)),
    ]
    filled = []
    for kind, row in rows:
        row |= {"Y": "2020", "Y0": "2019"}
        for template in templates[kind]:
            if set(re.findall(r"{(\w+)}", template)) <= set(row):
                said = {k: str(rng.choice(v)) if isinstance(v, list) else v for k, v in row.items()}
                filled.append(template.format(**said))
    return filled


def _is_number(claim):
    return isinstance(claim.value, dict) or claim.kind == "share"


def _words(k, n):
    return [word for word in SHARE_WORDS if word != "全部" and holds(word, k, n)]


def _populations(known, values, printed):
    for population, said in SAID.items():
        p = population.replace(" ", "")
        at, delta = f"count.at_threshold:{p}", f"delta.mean:{p}:2019-2020"
        row = {
            "P": said,
            "dir": "提高" if values[delta] > 0 else "下降",
            "dmean": printed(delta),
            "n": printed(f"units:{p}:2020", 0),
            "k": printed(f"{at}:2020", 0),
            "k0": printed(f"{at}:2019", 0),
            "mean_whole": printed(f"mean:{p}:2020", 0),
            "share": printed(f"share.at_threshold:{p}:2020", 1),
            "mean0": printed(f"mean:{p}:2019"),
            "init": printed(f"mean.initial:{p}:2020"),
        }
        row |= {w: printed(f"{w}:{p}:2020") for w in ("mean", "highest", "lowest")}
        if values[f"delta.{at}:2019-2020"] < 0:
            row["dk"] = printed(f"delta.{at}:2019-2020", 0)
            row["pct"] = printed(f"percentage.{at}:2019-2020", 1)
            row["dshare"] = printed(f"delta.share.at_threshold:{p}:2019-2020", 1)
        words = _words(*known[f"share.at_threshold:{p}:2020"].value)
        yield from [row | ({"word": words} if words else {})] * 2


def _nodes(study, values, printed):
    names = study.years[2020].scheme.names()
    for population, said in SAID.items():
        p = population.replace(" ", "")
        for code, other in zip(NODES, NODES[1:] + NODES[:1], strict=True):
            row = {"P": said, "N": names[code], "N2": names[other]}
            for mark, node in (("", code), ("2", other)):
                row[f"weight{mark}"] = printed(f"weight.{node}:all:2020")
                if f"index.{node}:{p}:2020" in values:
                    row[f"index{mark}"] = printed(f"index.{node}:{p}:2020")
            if "index" in row:
                row["rate"] = printed(f"index.{code}:{p}:2020", 0, 100)
                row["index0"] = printed(f"index.{code}:{p}:2019")
            yield row


def _sites(study, printed):
    for unit, name in study.years[2020].units["name_zh"].items():
        total, place = printed(f"total:{unit}:2020"), printed(f"rank:{unit}:2020", 0)
        yield {"S": name, "total": total, "rank": place, "mean": printed("mean:all:2020")}


def _findings(study, known):
    for code, finding in study.years[2020].rules.findings.items():
        k, n = known[f"share.finding.{code}:{finding.population.replace(' ', '')}:2020"].value
        yield {
            "F": finding.zh.replace("，", "、"),
            "G": SAID[finding.population][0] if finding.population != "all" else "网站",
            "fk": str(k),
            "gn": str(n),
            "fshare": format_number(100 * k / n, 1),
            "fround": format_number(100 * k / n, 0),
            "fword": _words(k, n),
        }


def _lists(study, known):
    names = study.years[2020].units["name_zh"]
    order = [unit for tied in known["order:all:2020"].value for unit in tied]
    risen = [unit for tied in known["improved:department:2020"].value for unit in tied]
    for t, zh in ((3, "三"), (5, "五"), (10, "十")):
        row = {"t": str(t), "zh": zh, "top": "、".join(names[order[:t]])}
        yield row | {"i": str(len(risen)), "improved": "、".join(names[risen])}


def mutations(blocks, study, year, known) -> dict[str, list]:
    """Every change of one thing in a letter, by kind, with the verdicts it has to lead to.

    A change is (number of the block, its new text, verdicts of the block's tokens). What a change
    leaves true is neutral and absent: a hedge that still holds, two names without order.
    """
    found = {kind: [] for kind in ("digit", "direction", "names", "word", "population")}
    verdicts = check_blocks(blocks, study, year, known)["verdict"].tolist()
    for number, (text, bindings) in enumerate(bound_texts(blocks, study, year)):
        said, verdicts = verdicts[: len(bindings)], verdicts[len(bindings) :]
        block = _Block(text, bindings, said, known, lexicon(study, year))
        for kind, changes in found.items():
            changes += [(number, new, want) for new, want in _CHANGES[kind](block)]
    return found


class _Block:
    def __init__(self, text, bindings, verdicts, known, names):
        self.text, self.bindings, self.verdicts = text, bindings, verdicts
        self.known, self.names = known, names

    def changed(self, start, end, new):
        return self.text[:start] + new + self.text[end:]

    def turned(self, *places):
        """The verdicts with those at these places turned: anything but what they are."""
        return [f"not {v}" if n in places else v for n, v in enumerate(self.verdicts)]


def _digits(block):
    for n, one in enumerate(block.bindings):
        if one.value is None or one.names or block.verdicts[n] != "supported":
            continue  # a list's names and their places are no numerals
        hit = re.search(r"\d+(?:\.\d+)?", block.text[one.start : one.end])
        for at, digit in enumerate(hit[0]) if hit else ():
            for new in "0123456789".replace(digit, "") if digit != "." else "":
                numeral = hit[0][:at] + new + hit[0][at + 1 :]
                if re.match(r"0\d", numeral) or (
                    one.word and _still_holds(block, one, hit, numeral)
                ):
                    continue
                start = one.start + hit.start()
                yield block.changed(start, start + len(hit[0]), numeral), block.turned(n)


def _still_holds(block, one, hit, numeral):
    """Whether a hedge around another numeral is true of the same figure."""
    word, claim = one.word.replace(hit[0], numeral), block.known[one.claim]
    if isinstance(claim.value, tuple):
        return holds(word, *claim.value)
    return bounds(word).contain(abs(scalar(claim)))


def _directions(block):
    for hit in re.finditer("|".join(OPPOSITE), block.text):
        behind = [n for n, one in enumerate(block.bindings) if one.start >= hit.end()]
        gap = block.text[hit.end() : block.bindings[behind[0]].start] if behind else ","
        if not behind or re.search("[,;。:]", gap) or block.bindings[behind[0]].role != "number":
            continue
        claim = block.known[block.bindings[behind[0]].claim]
        if claim.kind != "rule" and scalar(claim) == 0:
            continue  # what did not move has no direction
        yield block.changed(*hit.span(), OPPOSITE[hit[0]]), block.turned(behind[0])


def _names(block):
    listed = [n for n, one in enumerate(block.bindings) if one.role in ("place", "member")]
    for a, b in combinations(listed, 2):
        one, two = block.bindings[a], block.bindings[b]
        if one.names != two.names:
            continue
        first, second = (block.text[x.start : x.end] for x in (one, two))
        text = block.changed(two.start, two.end, first)
        yield text[: one.start] + second + text[one.end :], block.turned(a, b)


def _share_words(block):
    for n, one in enumerate(block.bindings):
        if one.role != "share" or block.verdicts[n] != "supported":
            continue
        for word in SHARE_WORDS:
            if word != one.word and not holds(word, *block.known[one.claim].value):
                yield block.changed(one.start, one.end, word), block.turned(n)


def _population_names(block):
    """Another population's name: every token that it governs is judged of that population."""
    hits = list(block.names.population.finditer(block.text))
    for hit, following in zip(hits, [*hits[1:], None], strict=bool(hits)):
        old = _code(hit, block.names)
        end = following.start() if following else len(block.text)
        governed = [
            n
            for n, one in enumerate(block.bindings)
            if one.claim.split(":")[1:2] == [old.replace(" ", "")]
            and (_right_before(block, one, hit) or hit.end() <= one.start < end)
            and not (following and _right_before(block, one, following))
            and (one.role != "share" or _right_before(block, one, hit))
        ]
        if following and re.fullmatch("[、和与及]", block.text[hit.end() : following.start()]):
            continue  # shares its numbers with the next, each its own
        if re.search("[、和与及]$", block.text[: hit.start()]) and hits[0] is not hit:
            continue
        for population, said in SAID.items():
            want = list(block.verdicts)
            for n in (n for n in governed if want[n] != "external"):
                want[n] = _of(block, block.bindings[n], population)
            if population != old and want != block.verdicts:
                yield block.changed(*hit.span(), said[0]), want


def _right_before(block, one, hit):
    return re.fullmatch("[个家名]?的?", block.text[one.end : max(hit.start(), one.end)]) and (
        one.end <= hit.start()
    )


def _of(block, one, population):
    what, _, when = one.claim.split(":")
    moved = replace(one, claim=f"{what}:{population.replace(' ', '')}:{when}")
    return judge(moved, block.known, block.text[one.start : one.end])[0]


def _code(hit, names):
    kind = hit["kind"] or hit["alone"]
    return " & ".join(names.codes[p] for p in (hit["group"], kind) if p) or "all"


_CHANGES = {
    "digit": _digits,
    "direction": _directions,
    "names": _names,
    "word": _share_words,
    "population": _population_names,
}


def as_wanted(found, wanted) -> bool:
    """Whether verdicts are those wanted, `not supported` being any other."""
    return len(found) == len(wanted) and all(
        f != w.removeprefix("not ") if w.startswith("not ") else f == w
        for f, w in zip(found, wanted, strict=True)
    )


def block_of(text) -> Block:
    """A paragraph as ``check_blocks`` takes it."""
    return Block(text)
