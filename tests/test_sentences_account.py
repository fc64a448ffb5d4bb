"""What is said about a change between two years: every part, and every doubt about it."""

import re

import pandas as pd
import pytest
import yaml
from conftest import ROOT
from studies import MARKS, SCHEME, UNITS, make_study

import evallib as ev
from evallib.publication import wording
from evallib.publication.year_over_year import printed_sum, signed

LANGS = wording.LANGUAGES
DESCRIBE = (ev.describe_cohort, ev.describe_account, ev.describe_crossers, ev.describe_ranks,
            ev.describe_bridge)  # fmt: skip
TABLES = (ev.cohort_table, ev.account_table, ev.leaf_table, ev.crosser_table, ev.rank_table,
          ev.bridge_table)  # fmt: skip
# Of 20 points: u1 17 then 20, u2 11.5 both years, u3 (class B, 15) 13 both, u4 12 both
BEFORE = MARKS.replace("u1,a,6", "u1,a,3")
RULES = "threshold: 86\nimproved: {by: score, at_least: 10}\n"


def two_years(folder, **files):
    """The trial study with 2019 before its 2020; u1 gained 3 of 20 points, nobody else moved."""
    first = {"2019/scheme.csv": SCHEME, "2019/marks.csv": BEFORE, "2019/rules.yaml": RULES}
    first |= {"2020/rules.yaml": RULES}
    files = {name.replace("__", "/"): text for name, text in files.items()}
    return make_study(folder, files=first | files)


def moved(folder, **files):
    return ev.year_over_year(ev.read_study(two_years(folder, **files)), 2020)


@pytest.fixture(scope="module")
def nanning():
    return ev.read_study(ROOT / "data" / "nanning")


@pytest.fixture(scope="module")
def move(nanning):
    return ev.year_over_year(nanning, 2020)


@pytest.fixture(scope="module")
def ministries():
    return ev.read_study(ROOT / "data" / "ministries")


def test_no_text_stands_in_two_template_files_and_both_languages_have_the_same():
    texts = {}
    for lang in LANGS:
        found = []
        for path in sorted(wording.TEMPLATES.glob(f"*.{lang}.yaml")):
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
            found += [
                (part, key) for part in ("sentences", "labels") for key in content.get(part, ())
            ]
        assert len(found) == len(set(found))
        texts[lang] = set(found)
    assert texts["zh"] == texts["en"]


def test_a_gain_of_one_unit_is_told_in_full(tmp_path):
    move = moved(tmp_path)
    # mean of 85, 57.5, 86.67 and 60 is 72.29; u1 at 100 lifts it by 15 / 4
    assert ev.describe_account(move) == (
        "2020年全部网站平均76.04分，比2019年的72.29分提高3.75分，分解为：指标得分+3.75分。"
        "全部网站中86分以上的由2019年的1个增加到2个，变化+1个分解为：指标得分+1个。"
    )
    assert ev.describe_account(move, lang="en", population="h") == (
        "The mean of zone is 60 in 2020, as in 2019 (60). "
        "Among zone, the number at 86 or more is 0, as in 2019."
    )
    assert ev.describe_crossers(move, lang="en") == (
        "The number of all websites at 86 or more went from 1 to 2: 1 rose to the line (甲局)."
    )
    assert ev.describe_cohort(move) == "2020年与2019年相比，可比的网站有4个。"


def test_another_threshold_last_year_is_said(tmp_path):
    move = moved(tmp_path, **{"2019__rules.yaml": "threshold: 90\n"})
    said = ev.describe_account(move)
    assert "86分以上的由2019年的0个（按90分计）增加到2个" in said
    assert "由0个（按90分计）变为2个" in ev.describe_crossers(move)
    assert "rose from 0 in 2019 (at 90) to 2, a change of +2: performance +1, scheme +1" in (
        ev.describe_account(move, lang="en")
    )


def test_new_leaves_and_new_weights_are_named_as_the_scheme_s(tmp_path):
    scheme = SCHEME.replace("b,D1,乙项,Leaf b,,4", "b,D1,乙项,Leaf b,,2") + (
        "e,D1,戊项,Leaf e,,2,0.5,,\n"
    )
    more = "".join(f"\n{unit},e,1" for unit in ("u1", "u2", "u3", "u4"))
    marks = re.sub(r",b,4", ",b,2", MARKS) + more + "\n"
    move = moved(tmp_path, **{"2020__scheme.csv": scheme, "2020__marks.csv": marks})
    said = ev.describe_account(move)
    assert (
        "新增1项末级指标（占10%：戊项），1项权重不同；只有一年有分值的指标，其影响计入指标体系调整"
        in said
    )
    english = ev.describe_account(move, lang="en")
    assert (
        "has 1 new leaf (10% of the weight: Leaf e) and weighs 1 other leaf differently" in english
    )


def test_parts_that_do_not_print_the_change_are_flagged():
    assert printed_sum([0.044, 0.044], 0.088, decimals=2) == "+0.08"
    assert printed_sum([0.1, -0.3], -0.2, decimals=1) == ""
    assert signed(-0.5, 0) == "\N{MINUS SIGN}1"


def test_nanning_s_account_is_told_with_its_flags(move):
    said = ev.describe_account(move)
    assert "比2019年的89.71分提高0.24分，分解为：指标得分+1.36分（发布解读+0.75，" in said
    assert (
        "指标体系调整−1.06分；附加加分变化+0.09分；附加扣分变化+0.02分；单位变动−0.17分。" in said
    )
    assert "（各项分别四舍五入，相加为−9.1个），多种原因共同造成的由各原因分担，故有小数" in said
    assert "新增2项末级指标（占6%：栏目设置、检索查阅下载），3项权重不同" in said
    assert said.endswith("重构数据，非该单位事实。")
    assert "each part rounded by itself; together they print +0.25" in ev.describe_account(
        move, lang="en", population="department"
    )


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("population", ["all", "department", "dev_zone"])
def test_every_signed_number_of_the_account_stands_in_its_table(move, lang, population):
    name = wording.population_name(population, lang, study=move.study)
    table = ev.account_table(move, lang=lang).xs(name, axis=1, level=1)
    kinds = move.change.means.loc[population], move.change.counts.loc[population]
    came = [signed(row[["entered", "left", "merged", "split"]].sum(), d)
            for row, d in zip(kinds, (2, 1), strict=True)]  # fmt: skip
    flags = re.findall(r"(?:相加为|together they print )([+−][\d.]+\d)", text := ev.describe_account(
        move, lang=lang, population=population))  # fmt: skip
    known = {*table.to_numpy().ravel(), *came, *flags}
    assert set(re.findall(r"[+−]\d+(?:\.\d+)?", text)) <= known


@pytest.mark.parametrize("population", ["all", "department", "dev_zone"])
def test_the_printed_table_adds_up_or_says_to_what(move, population):
    name = wording.population_name(population, "zh", study=move.study)
    column = ev.account_table(move)["平均分", name].replace("", "0")
    numbers = column.str.replace("−", "-").astype(float)
    parts = numbers.drop(["2019", "2020", "小计：指标得分", "变化", "各项四舍五入后相加"])
    assert round(parts.sum(), 2) == (numbers["各项四舍五入后相加"] or numbers["变化"])


def test_those_who_crossed_and_came_and_went_make_the_change(move):
    numbers = re.search(r"由(\d+)个变为(\d+)个：(.*)。重构", ev.describe_crossers(move))
    before, after = int(numbers[1]), int(numbers[2])
    signs = {"升到线上": 1, "跌到线下": -1, "合并而成且在线上": 1, "新进入且在线上": 1,
             "在线上而后合并": -1, "在线上而后退出": -1}  # fmt: skip
    found = re.findall(r"(\D+?)(\d+)个，为", numbers[3])
    change = sum(signs[text.split("；")[-1]] * int(n) for text, n in found)
    assert change == after - before == -9


@pytest.mark.parametrize("lang", LANGS)
def test_without_an_earlier_year_all_say_so_and_tables_are_empty(lang, nanning):
    move = ev.year_over_year(nanning, 2019)
    word = {"zh": "没有早于2019年的年份", "en": "has no year before 2019"}[lang]
    assert all(word in describe(move, lang=lang) for describe in DESCRIBE)
    assert word in ev.describe_improvement(move, ev.improvers(move, alpha=0.05), lang=lang)
    assert all(table(move, lang=lang).empty for table in TABLES)
    assert ev.improver_table(None, study=nanning, lang=lang).empty


@pytest.mark.parametrize("lang", LANGS)
def test_a_year_of_totals_tells_no_dimensions_and_says_so(tmp_path, lang):
    totals = "unit,total\nu1,85\nu2,57.5\nu3,86.67\nu4,60\n"
    move = moved(
        tmp_path,
        **{"2019__scheme.csv": None, "2019__marks.csv": None, "2019__totals.csv": totals},
    )
    word = {"zh": "2019年只有总分", "en": "Only totals of 2019 survive"}[lang]
    assert word in ev.describe_account(move, lang=lang)
    assert word in ev.describe_ranks(move, lang=lang)
    assert {"zh": "有一年只有总分", "en": "totals only"}[lang] in ev.describe_bridge(
        move, lang=lang
    )
    assert ev.bridge_table(move).empty
    assert ev.leaf_table(move).empty
    assert "undivided" not in " ".join(ev.account_table(move, lang=lang).index)


def test_schemes_without_a_common_leaf_compare_nothing(ministries):
    move = ev.year_over_year(ministries, 2022)
    assert "两年没有共有的末级指标，得分的变化说明不了网站的进退" in ev.describe_account(move)
    assert ev.describe_bridge(move).startswith("无法作同口径比较：两年没有共有的指标。")
    assert ev.bridge_table(move).empty


def test_an_earlier_year_than_the_last_can_be_chosen(ministries):
    move = ev.year_over_year(ministries, 2022, previous=2014)
    assert "2022年与2014年相比" in ev.describe_cohort(move)
    assert "其中更名" in ev.describe_cohort(move)


def test_like_for_like_that_turns_with_the_scheme_is_said(move):
    said = ev.describe_bridge(move)
    assert "按2019年的指标体系计分，平均91.03分，比2019年的89.48分提高1.55分；" in said
    assert "两年共有的指标只占2020年总分的93.7%" in said
    assert "两种口径方向相反" in said
    table = ev.bridge_table(move)
    assert table.loc["按2019年指标体系的变化", "全部网站"] == "+1.55"
    assert table.loc["可比网站（个）"].tolist() == ["53", "50", "3"]


def test_places_are_told_by_whose_doing(move):
    said = ev.describe_ranks(move)
    assert "上升32个、不变1个、下降20个" in said
    assert "市金融办，上升23位：自身得分+19.3位，其他单位得分−3.2位" in said
    table = ev.rank_table(move)
    parts = table[["own", "others", "scheme", "came_and_went"]].sum(axis=1)
    assert (parts - table["places"]).abs().max() < 1e-9
    assert table["places"].abs().is_monotonic_decreasing
    assert table.loc["dept07", "passed_by"] == "市金融办"
    assert table.loc["dept05", "gone_above"] == "部门53、部门54、部门55"


def test_of_several_that_rose_alike_no_causes_are_told(ministries):
    said = ev.describe_ranks(ev.year_over_year(ministries, 2016))
    assert "上升最多的是国土资源部、卫生计生委，上升10位。" in said


def test_long_lists_of_names_are_counted(move):
    cell = ev.rank_table(move, lang="en").loc["dept50", "passed_by"]
    assert re.fullmatch(r".{1,42} and \d+ more", cell)


def test_near_the_line_both_sides_are_counted(nanning):
    table = ev.near_table(nanning, 2020, distance=0.5)
    assert (table["margin"].abs() <= 0.5).all()
    assert "的有12个：达到的6个，未达到的6个。" in ev.describe_near(nanning, 2020, distance=0.5)
    assert "within 0.01 points" in ev.describe_near(nanning, 2020, distance=0.01, lang="en")


def test_the_most_improved_come_with_what_error_they_survive(move, nanning):
    improved = ev.improvers(move, alpha=0.05)
    said = ev.describe_improvement(move, improved)
    assert "（部门网站名次上升10位以上），2020年比2019年进步较明显的有8个：市卫健委、" in said
    assert "另有13个未列入，但得分提高超过所列最少者，最多的是部门35（4.45分）。" in said
    assert "市应急联动中心2.09分，市科技局0.18分" in said
    assert "仅凭向均值回归也可能出现这样的名单" in said
    table = ev.improver_table(improved, study=nanning)
    assert table["listed"].tolist() == [True] * 8 + [False] * 13
    assert table.loc[~table["listed"], "gain"].min() > table.loc[table["listed"], "gain"].min()


@pytest.mark.parametrize("lang", LANGS)
def test_with_a_standard_error_the_list_that_error_gives_is_told(move, nanning, lang):
    improved = ev.improvers(move, alpha=0.05, sem=3.0, draws=200, seed=0)
    said = ev.describe_improvement(move, improved, lang=lang)
    assert {"zh": "SEM 3.0分）和整体升降", "en": "(SEM 3.0) and a common shift"}[lang] in said
    assert {"zh": "200次，种子0", "en": "200 draws (seed 0)"}[lang] in said
    assert "p" in ev.improver_table(improved, study=nanning)


def test_a_list_that_nobody_is_on_is_empty_and_said(tmp_path):
    rules = RULES.replace("at_least: 10", "at_least: 50")
    move = moved(tmp_path, **{"2020__rules.yaml": rules})
    improved = ev.improvers(move, alpha=0.05)
    assert "没有进步较明显的网站" in ev.describe_improvement(move, improved)
    assert ev.improver_table(improved, study=move.study).empty


def test_without_a_rule_nobody_is_listed(tmp_path):
    move = moved(tmp_path, **{"2020__rules.yaml": "threshold: 86\n"})
    improved = ev.improvers(move, alpha=0.05)
    said = ev.describe_improvement(move, improved)
    assert "没有规定何为进步较明显（rules.yaml 的 improved），不列名单。得分提高最多的是" in said
    assert "The largest gain is" in ev.describe_improvement(move, improved, lang="en")
    table = ev.improver_table(improved, study=move.study)
    assert not table["listed"].any()
    assert table["gain"].is_monotonic_decreasing
    assert len(table) == 4


def test_fewer_than_three_are_not_compared(tmp_path):
    units = "\n".join(UNITS.splitlines()[:3]) + "\n"
    two = {name: "\n".join(x for x in text.splitlines() if x[:2] in ("un", "u1", "u2")) + "\n"
           for name, text in (("2019__marks.csv", BEFORE), ("2020__marks.csv", MARKS))}  # fmt: skip
    move = moved(tmp_path, **{"units.csv": units}, **two)
    assert "不足三个" in ev.describe_improvement(move, ev.improvers(move, alpha=0.05))


def test_agreement_of_reconstructed_data_is_called_no_evidence(nanning):
    claims = ev.compare_claims(nanning, 2020)
    said = ev.describe_claims(claims, nanning, 2020)
    assert re.match(r"2020年公布的42项说法中：一致\d+项", said)
    assert said.endswith("不能作为所公布数字的证据。")
    assert "no evidence" in ev.describe_claims(claims, nanning, 2020, lang="en")


def test_contradicted_claims_are_named_and_observed_data_may_confirm(tmp_path):
    study = ev.read_study(two_years(tmp_path))
    claims = pd.DataFrame({"id": ["C1", "C2"], "verdict": ["supported", "contradicted"]})
    said = ev.describe_claims(claims, study, 2020)
    assert said == "2020年公布的2项说法中：一致1项，不符1项（C2）。"
    assert "没有录入公布的说法" in ev.describe_claims(claims.iloc[:0], study, 2020)


def test_chinese_sentences_have_no_stray_spaces(move, ministries):
    for one in (move, ev.year_over_year(ministries, 2016), ev.year_over_year(ministries, 2022)):
        for describe in DESCRIBE:
            assert not re.search(r"\s", describe(one)), describe.__name__


def test_english_sentences_have_single_spaces_and_ends(move, ministries):
    for one in (move, ev.year_over_year(ministries, 2016), ev.year_over_year(ministries, 2022)):
        for describe in DESCRIBE:
            text = describe(one, lang="en")
            assert not re.search(r"  | [,;.:)]|\( |[^ A-Z]\.\.", text), text
            assert text.endswith(".")


def test_trajectories_stand_by_latest_place_and_follow_renames(ministries):
    table = ev.trajectory_table(ministries)
    assert table["rank_2022"].dropna().is_monotonic_increasing
    row = table.loc["nhc"]
    assert (row["name"], row["rank_2014"], row["rank_2022"]) == ("卫生健康委", 20, 7)
    assert table["total_2014"].dtype == float


def test_leaves_sum_to_the_change_of_those_that_compare(move):
    table = ev.leaf_table(move)
    parts = move.change.scores[[*move.change.dimensions, "scheme", "class_rule"]]
    assert table["sum"].sum() == pytest.approx(parts.sum(axis=1).mean(), abs=1e-9)
    assert table.index[-1] == "rest"
    assert table.loc["P5.2", "name"] == "检索查阅下载"


def test_sites_that_are_always_in_the_top_are_named():
    study = ev.read_study("data/nanning")
    then, now = (ev.evaluate(study, year).rank.dropna() for year in (2019, 2020))
    both = then.index.intersection(now.index)
    always = both[(then[both] <= 10) & (now[both] <= 10)]
    text = ev.describe_trajectories(study, top=10)
    start = f"2019年至2020年的2个年度都有名次的网站有{len(both)}个，其中每年都居前10名的有{len(always)}个："
    assert text.startswith(start)
    assert all(study.years[2020].units.at[unit, "name_zh"] in text for unit in always)
    none = ev.describe_trajectories(study, top=1, lang="en")
    assert "none was in the top 1 every year. Reconstructed" in none
