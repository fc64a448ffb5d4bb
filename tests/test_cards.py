"""Cards of single sites: their arithmetic against the engine, their words, pages and documents."""

import base64
import io
import re
import shutil
import subprocess
import zipfile
from dataclasses import replace
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from docx import Document
from docx.oxml.ns import qn
from evidence_study import make_evidence_study
from fontTools.ttLib import TTFont
from studies import MARKS, SCHEME, UNITS, make_study, synthetic

import evallib as ev
from evallib.publication import drawing
from evallib.publication.card_basis import site_basis
from evallib.publication.card_texts import card_texts
from evallib.publication.cards import write_card, write_cards
from evallib.publication.figures_site import draw_places
from evallib.publication.figures_weights import place_axis
from evallib.publication.sentences_evidence import describe_loss
from evallib.publication.sentences_site import losses, position, repairs
from evallib.publication.site_evidence import mendable, reasons
from evallib.publication.site_facts import site_card
from evallib.publication.site_repairs import place_with, point_losses, totals_with
from evallib.publication.wording import TEMPLATES
from evallib.scoring import evaluate_year

WEIGHTINGS = {"spread": 0.2, "draws": 500, "seed": 7}
CHROMIUM = shutil.which("chromium")
BROWSER = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def basis_of(study, year=2020):
    return site_basis(study, year, threads=1, **WEIGHTINGS)


@cache
def nanning():
    return basis_of(ev.read_study("data/nanning"))


@pytest.fixture
def small(tmp_path):
    """Reads the small study of ``studies``, with files of one's own in it."""
    return lambda files=(): ev.read_study(make_study(tmp_path, files=dict(files)))


def with_year(study, year=2020, **changes):
    return replace(study, years={year: replace(study.years[year], **changes)})


def raised(year, unit, leaf, mark):
    """The year with one mark replaced."""
    marks = year.marks.copy()
    marks.loc[(marks["unit"] == unit) & (marks["indicator"] == leaf), "mark"] = mark
    return replace(year, marks=marks)


def adjusted(study, rows):
    columns = ["unit", "kind", "points", "reason", "source"]
    table = pd.DataFrame([(*row, "", "") for row in rows], columns=columns)
    return with_year(study, adjustments=table.astype({"points": float}))


GOALPOSTS = """code,parent,name_zh,name_en,weight,full_marks,step,classes,low,high
all,,总,Total,,,,,,
D1,all,一,One,10,,,,,
D2,all,二,Two,10,,,,,
a,D1,甲项,Leaf a,6,,1,,10,0
b,D1,乙项,Leaf b,4,4,0.5,,,
c,D2,丙项,Leaf c,5,5,0.5,A,,
d,D2,丁项,Leaf d,5,5,0.5,,,
"""
RULES = {
    "plain": ev.Rules(),
    "dense, exact": ev.Rules(ties="dense", rank_on="exact"),
    "gate and caps": ev.Rules(bonus={"cap": 3, "gate": 84}, penalty={"cap": 1}),
    "tiers": ev.Rules(tier_decimals=1, decimals=1),
    "within parent": ev.Rules(not_applicable="within_parent"),
}


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_repair_brings_what_the_engine_gives_for_the_edited_marks(seed, rules):
    study = synthetic(seed, units=10, step=0.5, rules=rules)
    study = adjusted(study, [("u01", "bonus", 4), ("u02", "bonus", 1), ("u03", "penalty", 2)])
    year = study.years[2020]
    result = evaluate_year(year, study="s", provenance="observed")
    for unit in result.units.index:
        for leaf, row in point_losses(result, year, unit).iterrows():
            node = result.scheme.node(leaf)
            for kind, mark in (("full", node.full_marks), ("step", row["mark"] + node.step)):
                edited = raised(year, unit, leaf, min(mark, node.full_marks))
                then = evaluate_year(edited, study="s", provenance="observed")
                gain = then.total[unit] - result.total[unit]
                assert row[f"{kind}_gain"] == pytest.approx(gain, abs=1e-9)
                assert row[f"{kind}_places"] == result.rank[unit] - then.rank[unit]
            assert row["lost"] == pytest.approx(then_base(year, unit, leaf, node, result), abs=1e-9)


def then_base(year, unit, leaf, node, result):
    edited = raised(year, unit, leaf, node.full_marks)
    return evaluate_year(edited, study="s", provenance="").base[unit] - result.base[unit]


def test_losses_are_full_marks_less_mark_in_points_of_the_total(small):
    study = small()
    result, year = ev.evaluate(study, 2020), study.years[2020]
    # u2: a 3 of 6, b 2 of 4, c 2.5 of 5, d 4 of 5, all apply; u3: c does not apply, 15 of 20 count
    table = point_losses(result, year, "u2")
    assert table["lost"].round(9).to_dict() == {"a": 15, "c": 12.5, "b": 10, "d": 5}
    assert table["lost"].sum() == pytest.approx(100 - result.base["u2"])
    assert point_losses(result, year, "u3")["lost"].to_dict() == {"b": pytest.approx(200 / 15)}
    assert table.loc["a", ["mark", "best"]].tolist() == [3, 6]
    assert table.loc["a", "step_gain"] == pytest.approx(2.5)
    assert point_losses(result, year, "u1").empty


def test_losses_of_a_geometric_tree_are_taken_one_by_one_and_said_so(small):
    text = SCHEME.replace("all,,总,Total,,,,,", "all,,总,Total,,,,geometric,")
    study = small({"2020/scheme.csv": text})
    card = site_card(basis_of(study), "u2")
    then = evaluate_year(raised(study.years[2020], "u2", "a", 6), study="s", provenance="")
    gain = then.total["u2"] - card.basis.result.total["u2"]
    assert card.losses.loc["a", "lost"] == pytest.approx(gain)
    assert "不能相加" in losses(card, "zh")
    assert card.position.best is None
    assert "任何这样的权重" not in ev.describe_site(card)


def test_a_leaf_between_goalposts_is_raised_to_the_better_one(small):
    study = small({"2020/scheme.csv": GOALPOSTS})
    table = point_losses(ev.evaluate(study, 2020), study.years[2020], "u2")
    assert table.loc["a", ["mark", "best"]].tolist() == [3, 0]
    assert table.loc["a", "lost"] == pytest.approx(0.3 * 30)  # 3 of 10 away, 30 points
    assert table.loc["a", "step_gain"] == pytest.approx(0.1 * 30)


def test_under_a_veto_nothing_brings_points_and_the_card_says_so(small):
    study = adjusted(small(), [("u2", "veto", np.nan)])
    card = site_card(basis_of(study), "u2")
    assert card.position.rank is None
    assert card.losses["full_places"].isna().all()
    assert "不改变总分" in repairs(card, "zh")
    assert position(card, "zh") == "2020年被单项否决，不计总分。"
    assert card_texts(card, lang="en")["key"][0]["value"] == "Fail"


def test_few_places_are_all_marked_on_the_axis_many_at_every_fifth(small):
    _, ax = plt.subplots()
    draw_places(ax, site_card(basis_of(small()), "u1"), "zh")
    assert list(ax.get_xticks()) == [1, 2, 3, 4]
    place_axis(ax, 14, "zh")
    assert list(ax.get_xticks()) == [1, 5, 10]


def test_a_site_that_is_not_ranked_has_a_card_without_places(small):
    units = "".join(
        f"{line},{'ranked' if n == 0 else 'false' if n == 2 else 'true'}\n"
        for n, line in enumerate(UNITS.splitlines())
    )
    card = site_card(basis_of(small({"units.csv": units})), "u2")
    assert (card.position.rank, card.position.low) == (None, None)
    assert "不参加排名" in ev.describe_site(card)
    text = card_texts(card, lang="zh")
    assert [box["value"] for box in text["key"]] == ["57.5", "不排名"]
    assert {row["full_rank"] for row in text["losses"]} == {""}
    with pytest.raises(ValueError, match="u2 is not ranked, so it has no place to draw"):
        ev.plot_site_places(card)


def test_position_states_ties_and_distances_in_points(small):
    marks = MARKS.replace("u4,a,3", "u4,a,6").replace("u4,c,0", "u4,c,5")
    card = site_card(basis_of(small({"2020/marks.csv": marks})), "u4")
    where = card.position
    # u1 and u4 have 100, u3 has 13 of 15, u2 11.5 of 20
    assert (where.rank, where.tied, where.ahead) == (1, 1, None)
    assert where.behind == pytest.approx(100 - 100 * 13 / 15)
    assert "与另外1个网站并列" in ev.describe_site(card)
    assert "领先下一名次13.33分" in ev.describe_site(card)
    third = site_card(card.basis, "u3").position
    assert (third.rank, third.tied, third.ranked, third.group_rank) == (3, 0, 4, 2)
    assert third.ahead == pytest.approx(100 - 100 * 13 / 15)


def test_a_total_that_reaches_the_threshold_only_in_print_is_told_so(small):
    rules = "threshold: 58\ndecimals: 0\n"
    study = small({"2020/rules.yaml": rules.replace("57.5", "58")})
    text = position(site_card(basis_of(study), "u2"), "zh")  # 57.5 prints 58
    assert "达到58分线（四舍五入后），未取整的分值低" in text
    assert "58 in print; the unrounded total is" in position(site_card(basis_of(study), "u2"), "en")


def test_the_range_of_places_is_that_of_the_stability_analysis():
    basis = nanning()
    drawn = ev.perturb_weights(basis.result.scheme, at="leaf", **WEIGHTINGS)
    interval = ev.rank_uncertainty(basis.result, drawn, threads=1).interval(0.9)
    assert (basis.places[["low", "high"]] == interval).all(axis=None)
    place = basis.result.rank[basis.places.index]
    assert (basis.places["best"] <= basis.places["low"]).all()
    assert (basis.places["worst"] >= basis.places["high"]).all()
    assert ((basis.places["best"] <= place) & (place <= basis.places["worst"])).all()


def test_profile_compares_with_group_and_last_year_and_flags_other_leaves():
    card = site_card(nanning(), "dept40")
    result, table = card.basis.result, card.profile
    group = result.units.index[result.units["group"] == "department"]
    pooled = ev.score_index(result, units=group)
    assert table["group"].to_dict() == pytest.approx(pooled[table.index].to_dict())
    before = ev.evaluate(card.basis.study, 2019).scores.loc["dept40", table.index]
    assert table["before"].to_dict() == pytest.approx(before.to_dict())
    assert table.index[~table["same"]].tolist() == ["P"]
    assert table["lost"].sum() == pytest.approx(100 - result.base["dept40"])
    assert "发布解读的下级指标或权重与上年不同" in ev.describe_site_profile(card)


def test_a_site_alone_in_its_group_is_compared_with_all(small):
    card = site_card(basis_of(small()), "u4")
    assert card.profile["group"].to_dict() == pytest.approx(
        ev.score_index(card.basis.result)[["D1", "D2"]].to_dict()
    )
    assert "全部网站" in ev.describe_site_profile(card)


def test_a_founded_site_does_not_compare_with_last_year():
    basis = nanning()
    founded = basis.was.index[basis.was.isna()]
    card = site_card(basis, founded[0])
    assert card.profile["before"].isna().all()
    assert "不与上年比较" in ev.describe_site(card)
    assert card_texts(card, lang="zh")["key"][-1]["value"] == "不可比"


def test_rounds_say_what_was_found_and_what_became_of_it(small):
    study = small()
    year = study.years[2020]
    first = raised(raised(year, "u1", "a", 3), "u1", "b", 2)
    first = raised(raised(first, "u2", "a", 2), "u2", "d", 5).marks
    basis = basis_of(with_year(study, initial=first))
    one, two = (site_card(basis, unit).rounds for unit in ("u1", "u2"))
    assert one["state"].to_dict() == {"a": "repaired", "b": "repaired"}
    assert one["gain"].to_dict() == pytest.approx({"a": 15, "b": 10})
    assert two["state"].to_dict() == {"a": "improved", "c": "open", "b": "open", "d": "lowered"}
    assert two.loc["d", ["initial", "final", "best"]].tolist() == [5, 4, 5]
    assert two.loc["d", "gain"] == pytest.approx(-5)
    text = ev.describe_site_rounds(site_card(basis, "u2"))
    assert (
        "初评有3项指标失分，终评前补到满分0项，部分改进1项，未变2项；终评低于初评的有1项。" in text
    )
    gains = basis.result.base - basis.initial.base
    assert one["gain"].sum() == pytest.approx(gains["u1"])
    assert two["gain"].sum() == pytest.approx(gains["u2"])


def test_a_site_absent_from_the_initial_round_is_said_so(small):
    study = small()
    first = study.years[2020].marks.copy()
    first.loc[first["unit"] == "u2", ["mark", "status"]] = [np.nan, "missing"]
    basis = basis_of(with_year(study, initial=first))
    card = site_card(basis, "u2")
    assert card.rounds.empty
    assert ev.describe_site_rounds(card) == "该单位没有初评记录。"
    assert card_texts(card, lang="zh")["states"] == []
    only_final = site_card(basis_of(study), "u2")
    assert ev.describe_site_rounds(only_final) == "本年没有保留初评成绩。"
    assert card_texts(only_final, lang="zh")["said"]["rounds"] == []


def test_peers_are_of_the_same_class_and_better_best_first():
    basis = nanning()
    units, scores = basis.result.units, basis.result.scores.round(9)
    for unit in ("dept01", "dept27", "dept40", "zone1"):
        card = site_card(basis, unit)
        alike = units.index[units["class"] == units.at[unit, "class"]].drop(unit)
        lost = card.losses["lost"].groupby(lambda leaf: leaf.split(".")[0]).sum()
        worth = lost[
            [(scores.loc[alike, code] > scores.at[unit, code]).any() for code in lost.index]
        ]
        assert card.peers["lost"].tolist() == pytest.approx(sorted(worth, reverse=True)[:3])
        for code, row in card.peers.iterrows():
            better = scores.loc[alike, code][scores.loc[alike, code] > scores.at[unit, code]]
            assert (row["better"], row["of"]) == (len(better), scores.loc[alike, code].count())
            assert set(row["peers"]) <= set(better.index)
            first = sorted(better, reverse=True)[: len(row["peers"])]
            assert list(row["peer_index"]) == pytest.approx(first)


def test_who_has_nothing_to_learn_is_told_why(small):
    basis = basis_of(small())
    assert card_texts(site_card(basis, "u1"), lang="zh")["said"]["peers"] == [
        "没有失分的指标，也就没有需要向同类网站借鉴之处。"
    ]
    assert card_texts(site_card(basis, "u3"), lang="en")["said"]["peers"] == [
        "In the indicators that lost points nobody of the same class does better."
    ]


def test_findings_that_hold_are_listed_and_others_not():
    card = site_card(nanning(), "dept27")
    held = card.basis.study.years[2020].findings
    held = held[(held["unit"] == "dept27") & (held["value"] == "true")]
    assert set(card.findings) == set(held["finding"])
    assert "没有" not in ev.describe_site_rounds(card).split("检查中发现")[1]


def test_an_unknown_unit_is_refused_by_name():
    with pytest.raises(ValueError, match=r"nanning 2020 has no unit 'dept99'; units are dept01"):
        site_card(nanning(), "dept99")


def test_studies_of_published_parts_have_cards_in_both_languages():
    for code, year in (("ministries", 2016), ("sichuan-land", 2011)):
        basis = basis_of(ev.read_study(f"data/{code}"), year)
        for unit in basis.result.units.index[[0, -1]]:
            card = site_card(basis, unit)
            for lang in ("zh", "en"):
                text = card_texts(card, lang=lang)
                assert (
                    text["mark"]
                    == {
                        "zh": "据已公布的分项数据计算。",
                        "en": "Computed from published parts.",
                    }[lang]
                )
                assert text["said"]["rounds"] == []


# pages and documents


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder, basis = tmp_path_factory.mktemp("cards"), nanning()
    about = {"study": basis.study, "year": 2020, "unit": "dept27", **WEIGHTINGS}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("evallib.publication.cards.site_basis", lambda *_, **__: basis)
        return {
            lang: write_card(folder / f"dept27_{lang}", lang=lang, **about) for lang in ("zh", "en")
        }


def page_of(written, lang):
    return written[lang][0].read_text(encoding="utf-8")


FACE = {
    "zh": "重构数据：本页的分数、名次和问题都是重构的，不是关于该单位的事实，不能据以评价该单位。",
    "en": "Reconstructed data: the marks, places and problems on this page are made up, no facts about this office.",
}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_card_of_a_reconstructed_study_says_so_on_its_face(written, lang):
    page = page_of(written, lang)
    assert page.index(FACE[lang]) < page.index('class="key"')
    texts = [p.text for p in Document(written[lang][1]).paragraphs]
    assert texts.index(FACE[lang]) < 4


def test_an_observed_study_has_no_such_mark(tmp_path, small):
    study = small()
    page, document = write_card(tmp_path / "u2", study, 2020, "u2", **WEIGHTINGS)
    assert 'class="mark"' not in page.read_text(encoding="utf-8")
    assert "重构" not in "".join(p.text for p in Document(document).paragraphs)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_is_self_contained_and_its_font_complete(written, lang):
    page = page_of(written, lang)
    assert f'<html lang="{lang}">' in page
    assert not re.search(r'(?:src|href)="(?!#|data:)', page)
    assert "http" not in page
    assert "<script" not in page
    data = re.search(r"data:font/woff2;base64,([^)]+)\)", page)[1]
    font = TTFont(io.BytesIO(base64.b64decode(data)))
    used = {ord(mark) for mark in page.replace(data, "") if mark.isprintable()}
    assert used <= set(font.getBestCmap())


def test_every_picture_has_the_generated_sentence_as_alt_text(written):
    card = site_card(nanning(), "dept27")
    page, document = page_of(written, "zh"), Document(written["zh"][1])
    alts = re.findall(r'<img [^>]*alt="([^"]+)"', page)
    assert len(alts) == page.count("<img") == 1
    assert alts[0].startswith(position(card, "zh"))
    assert alts[0].endswith("重构数据，非该单位事实。")
    descriptions = [item.get("descr") for item in document.element.body.iter(qn("wp:docPr"))]
    assert descriptions == [alts[0]]


def test_the_document_has_the_tables_of_the_page(written):
    tables = Document(written["zh"][1]).tables
    key, lost, rounds, peers = ([[c.text for c in r.cells] for r in t.rows] for t in tables)
    assert key[0][0] == "总分\n80.95\n基础80.95，加分0，扣分0"
    assert lost[1] == [
        "政府信息公开平台·检索查阅下载", "0.5 / 3", "2.5", "81.45", "55", "83.45", "53 (+2)",
    ]  # fmt: skip
    assert lost[-1][0] == "其余16项"
    assert [row[:2] for row in rounds[1:]] == [
        ["已补到满分", "3"],
        ["部分改进", "2"],
        ["未变", "20"],
    ]
    assert peers[3] == [
        "数据发布", "2", "0", "38个中38个", "市自然资源局（1）、市发展改革委（1）、市农业农村局（1）",
    ]  # fmt: skip
    page = page_of(written, "zh").replace('<span class="why">', "").replace("</span>", "")
    assert all(f">{cell}<" in page for row in (*lost, *rounds, *peers) for cell in row if cell not in (
        "提高一档后总分", "补到满分后总分",
    ))  # fmt: skip


def test_a_measured_leaf_says_why_it_lost_points_and_what_can_be_mended(tmp_path):
    """The losses of u1 in ``evidence_study``, dearest first; typed leaves have no reason."""
    study = ev.read_study(make_evidence_study(tmp_path))
    card = site_card(basis_of(study), "u1")
    why = reasons(card, "en")
    assert why["l1"] == "2 of 3 letters late, longest 104 working days"
    assert why["f1"] == "2 of 3 footer marks are lacking: ICP number, police number"
    for code, text in why.items():
        loss = describe_loss(study, 2020, "u1", code, lang="en")
        assert loss.split(" lost: ")[1] == text
    assert set(why) == set(card.losses.index)  # the leaf that is judged has full marks
    rows = card_texts(card, lang="zh")["losses"]
    assert rows[0]["why"] == "：3件来信中超期2件，最长104个工作日"
    # faults of pages can be mended; letters, probes and shares of a past year cannot
    table = card.losses["lost"]
    pages = table[["p2", "p3", "p4", "p5", "p6", "p7", "f1", "g1", "g2"]]
    assert mendable(card, "en") == (
        f"{len(pages)} of the losses come from faults that can still be mended: "
        f"Leaf p6 (4.21), Leaf p7 (1.75), Leaf f1 (1.75) and {len(pages) - 3} more."
    )
    assert mendable(site_card(basis_of(study), "u2"), "zh") == ""


def test_all_cards_are_the_same_from_one_process_and_from_two(tmp_path, small):
    study = small()
    one, two = (
        write_cards(tmp_path / str(jobs), study, 2020, jobs=jobs, **WEIGHTINGS) for jobs in (1, 2)
    )
    names = [f"u{n}.{ending}" for n in (1, 2, 3, 4) for ending in ("html", "docx")]
    assert [path.name for path in one] == [path.name for path in two] == names
    for left, right in zip(one, two, strict=True):
        assert members(left) == members(right)
    assert sorted(path.name for path in (tmp_path / "1").iterdir()) == sorted(names)


def members(path):
    if path.suffix == ".html":
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: page breaks are not seen")
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_full_card_prints_on_one_page(written, tmp_path, lang):
    target = tmp_path / "card.pdf"
    command = [CHROMIUM, *BROWSER, f"--user-data-dir={tmp_path / 'browser'}"]
    command += ["--no-pdf-header-footer", f"--print-to-pdf={target}", written[lang][0].as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", target.read_bytes())) == 1


# what readers with poor or other sight need


def luminance(colour):
    colour = colour.lstrip("#")
    colour = "".join(2 * c for c in colour) if len(colour) == 3 else colour
    parts = np.array([int(colour[n : n + 2], 16) / 255 for n in (0, 2, 4)])
    parts = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(parts @ [0.2126, 0.7152, 0.0722])


def contrast(first, second):
    """Contrast ratio of WCAG 2.2, section 1.4.3: at least 4.5 for text."""
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def css_colours(template):
    """Pairs of text colour and background that a template's style sets, by rule."""
    text = (TEMPLATES / template).read_text(encoding="utf-8")
    look = (TEMPLATES / "look.css").read_text(encoding="utf-8")
    style = text[text.index("<style>") : text.index("</style>")].replace(
        '{% include "look.css" %}', look
    )
    names = dict(re.findall(r"--([a-z]+): (#[0-9a-fA-F]{3,6})", style))
    style = re.sub(r"var\(--([a-z]+)\)", lambda found: names[found[1]], style)
    backgrounds = set(re.findall(r"background: (#[0-9a-fA-F]{3,6})", style))
    colours = set(re.findall(r"(?<![-\w])color: (#[0-9a-fA-F]{3,6})", style))
    return {(colour, background) for colour in colours for background in backgrounds}


@pytest.mark.parametrize("template", ["page.html.j2", "card.html.j2", "index.html.j2"])
def test_every_text_colour_of_the_pages_has_contrast_enough(template):
    pairs = css_colours(template)
    assert len(pairs) >= 4
    assert {pair: round(contrast(*pair), 2) for pair in pairs if contrast(*pair) < 4.5} == {}


def test_text_in_figures_has_contrast_enough():
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    for colour in (drawing.INK, drawing.GREY):
        assert contrast(colour, "#ffffff") >= 4.5


# Machado, Oliveira and Fernandes (2009), doi:10.1109/TVCG.2009.113: severity 1, linear RGB
DEFICIENCIES = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}  # fmt: skip


def seen(colour, matrix):
    """CIELAB of a colour as a reader with that deficiency sees it."""
    parts = np.array([int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.array(matrix) @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(xyz @ linear / [0.9505, 1.0, 1.089] + 1e-9)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("matrix", DEFICIENCIES.values(), ids=DEFICIENCIES)
def test_colours_of_the_card_stay_apart_for_colour_blind_readers(matrix):
    blue, orange, green, _, sky, _ = drawing.COLOURS
    used = [blue, orange, green, sky, drawing.INK]
    gaps = [np.linalg.norm(seen(a, matrix) - seen(b, matrix)) for a in used for b in used if a < b]
    assert min(gaps) > 10  # ten times what is just noticeable


def test_totals_with_unchanged_marks_are_the_totals():
    result = nanning().result
    for unit in result.units.index:
        base, total = totals_with(result, unit, result.index.loc[[unit]].to_numpy())
        assert base[0] == pytest.approx(result.base[unit], abs=1e-9)
        assert total[0] == pytest.approx(result.total[unit], abs=1e-9)
        assert place_with(result, unit, total[0]) == result.rank[unit]
