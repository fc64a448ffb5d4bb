"""The page over all results of an output folder."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from studies import UNITS, make_study

import evallib as ev
from evallib.publication.cards import file_stem
from evallib.publication.claims import compare_claims
from evallib.publication.index import write_index
from evallib.publication.manifest import write_manifest
from evallib.publication.tables import scores_table, write_csv


def result_of(out, study, year):
    """A finished result as a run leaves it, with empty pages in it."""
    folder = out / study.code / str(year)
    (folder / "cards").mkdir(parents=True)
    write_manifest(folder / "manifest.json", study, [year], params={"year": year})
    write_csv(compare_claims(study, year), folder / "claims.csv")
    write_csv(scores_table(ev.evaluate(study, year)), folder / "scores.csv")
    for name in ("report.html", "letter.docx"):
        (folder / name).write_text("")
    for unit in study.years[year].units.index[:2]:
        (folder / "cards" / f"{file_stem(unit)}.html").write_text("")
    return folder


@pytest.fixture
def out(tmp_path):
    out = tmp_path / "out"
    result_of(out, ev.read_study("data/nanning"), 2020)
    result_of(out, ev.read_study("data/sichuan-land"), 2011)
    return out


def page_of(out, **choices):
    return write_index(out, **choices).read_text(encoding="utf-8")


def test_every_result_is_listed_with_links_that_lead_somewhere(out):
    page = page_of(out)
    links = re.findall(r'href="([^"]+)"', page)
    assert len(links) == 2 * 5 + 2 * 2
    assert all((out / unquote(link)).is_file() for link in links)
    assert not any(link.startswith(("/", "http")) for link in links)
    assert "南宁市政府网站绩效评估" in page
    assert ">市卫健委</a>" in page
    assert '<th scope="row">nanning' not in page


def test_the_kind_of_data_and_the_claims_are_said(out):
    page = page_of(out)
    assert '<td class="text kind">重构数据，非该单位事实</td>' in page
    assert re.search(r"\d+条一致、\d+条不符、\d+条本数据不能判断", page)
    assert "没有登记" in page  # of the Sichuan table
    english = page_of(out, lang="en")
    assert '<html lang="en">' in english
    assert re.search(r"\d+ supported, \d+ contradicted", english)


def test_the_page_needs_nothing_but_what_it_links_to(out):
    page = page_of(out)
    assert "http" not in page
    assert re.findall(r"<script[^>]*>", page) == ["<script>"]
    assert not re.search(r'\bsrc="', page)
    assert "font/woff2;base64,d09GMg" in page


def test_names_that_are_awkward_in_addresses_are_linked_rightly(tmp_path):
    units = UNITS.replace("u1,甲局", "市局 1/a%,甲局")
    marks = make_study(tmp_path) / "2020" / "marks.csv"
    marks.write_text(marks.read_text().replace("u1,", "市局 1/a%,"))
    (marks.parents[1] / "units.csv").write_text(units)
    out = tmp_path / "out"
    result_of(out, ev.read_study(marks.parents[1]), 2020)
    page = page_of(out)
    card = next(link for link in re.findall(r'href="([^"]+)"', page) if "/cards/" in link)
    assert (out / unquote(card)).is_file()
    assert ">甲局</a>" in page


def test_a_broken_manifest_is_named_and_the_others_still_listed(out):
    broken = out / "nanning" / "2019"
    broken.mkdir()
    (broken / "manifest.json").write_text('{"study": ')
    (out / "nanning" / "2018").mkdir()
    page = page_of(out)
    assert "manifest.json无法读取，请重新运行该年份。" in page
    assert page.count("<tr>") == 1 + 3


def test_years_stand_newest_first_and_other_folders_are_left_out(out):
    for name in ("2019", "2020-only", ".2020-work"):
        folder = out / "nanning" / name
        folder.mkdir()
        manifest = (out / "nanning" / "2020" / "manifest.json").read_text(encoding="utf-8")
        (folder / "manifest.json").write_text(manifest, encoding="utf-8")
    years = re.findall(r'<td class="text">(\d{4})</td>', page_of(out))
    assert years == ["2020", "2019", "2011"]


def test_an_empty_folder_says_so_and_a_missing_one_is_refused(tmp_path):
    assert "还没有结果" in page_of(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"nowhere is no folder; run a year first"):
        write_index(Path(tmp_path) / "nowhere")


def test_the_same_results_give_the_same_page(out):
    assert page_of(out) == page_of(out)
