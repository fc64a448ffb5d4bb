"""What scanners saw of the sites: probes, links, columns, footers, words, guides and news."""

from __future__ import annotations

from datetime import date, timedelta

from generator.evidence_days import AS_OF, DAY, at, months_later

WEEKS = 2  # of probes; the last one counts
FAILED = ((0, 1), (2, 3), (4, 5), (6, 6))  # of 168 probes, by steps lost
HOME = ((1, 6), (9, 9), (12, 12))  # days since the home page changed, by steps lost
SILENT = ((0, 4), (7, 8), (11, 12))  # days since an account's last post
ARTICLES = ((100, 165), (52, 90), (27, 45), (12, 22), (5, 9))
ORIGINAL = ((0.82, 0.99), (0.67, 0.78), (0.52, 0.63), (0.37, 0.48), (0.22, 0.33), (0.05, 0.18))
ALIVE, DEAD = (200, 200, 301), (404, 404, 404, 403, 500, 0)  # 0: no answer
PAGES = ("/", "/gk/", "/xwzx/", "/zwgk/", "/bsfw/", "/hdjl/", "/sjfb/", "/zcjd/", "/tzgg/")
COLUMNS = {
    "home": ("首页",),
    "dynamic": ("工作动态", "图片新闻", "要闻", "基层动态", "会议活动"),
    "notice": ("通知公告", "政策文件", "政策解读"),
    "regular": ("统计数据", "财政信息", "规划计划", "人事信息", "政府采购"),
    "static": ("机构职能", "领导信息"),
}
AGE = {"dynamic": (1, 9), "notice": (3, 140), "regular": (10, 290), "static": (60, 900)}
OVERDUE = {"dynamic": (25, 95), "notice": (215, 360), "regular": (410, 800)}
WRONG = (("部暑", "部署"), ("既使", "即使"), ("帐号", "账号"), ("座标", "坐标"), ("按装", "安装"),
         ("截止目前", "截至目前"), ("松驰", "松弛"))  # fmt: skip
MARKS = ("party_emblem", "site_code", "icp_number", "police_number", "host_contact")
ELEMENTS = ("item_name", "legal_basis", "conditions", "materials", "procedure", "time_limit",
            "charges", "contact", "forms")  # fmt: skip
GUIDE_LEAVES = {
    "S1.1": ("item_name", "legal_basis", "conditions"),
    "S1.2": ("materials",),
    "S1.3": ("forms",),
    "S1.4": ("procedure", "time_limit"),
}
# most steps that an earlier look may show (3 at other leaves), so that it proposes no veto either
MOST_EARLIER = {"H1.1": 3, "H1.2": 18, "H2.1": 1, "H2.2": 4, "H2.3": 3, "H3.1": 8}
# days before the last one on which, or on the day before which, a site was looked at
LOOKS = (91, 35, 0)


def lost(panel, unit, leaf, *, earlier=False):
    """Steps that a unit's mark lies below full marks, at the last look or an earlier one."""
    frame = panel.frame
    steps = panel.initial if earlier else panel.final
    found = int(steps[frame.row(unit), frame.column(leaf)])
    return min(found, MOST_EARLIER.get(leaf, 3)) if earlier else found


def looks(panel, since, rng):
    """Each unit with the days it was looked at: (unit, day, how long before the last look)."""
    as_of = AS_OF[panel.frame.year]
    for unit in panel.frame.units:
        for ago in LOOKS:
            day = as_of - (int(rng.integers(0, 2)) + ago) * DAY
            if since.get(unit, date.min) < day - 10 * DAY:
                yield unit, day, ago


def between(bounds, rng):
    return int(rng.integers(bounds[0], bounds[1] + 1))


def some(items, count, rng):
    """So many of the items, in their order."""
    chosen = sorted(rng.choice(len(items), count, replace=False))
    return [items[k] for k in chosen]


def probes(panel, since, rng):
    """A probe every hour of two weeks; of the last week as many fail as the mark needs."""
    as_of = AS_OF[panel.frame.year]
    for unit in panel.frame.units:
        minute = int(rng.integers(60))
        base = rng.uniform(0.2, 1.6)
        for week in range(WEEKS):
            count = between(FAILED[lost(panel, unit, "H1.1", earlier=week < WEEKS - 1)], rng)
            failed = set(rng.choice(168, count, replace=False).tolist())
            first = as_of - (7 * (WEEKS - week) - 1) * DAY
            seconds = (base * rng.lognormal(0, 0.5, 168)).round(2).tolist()
            start = at(first, rng, hours=(0, 1)).replace(minute=minute)
            for hour in range(168):
                status, taken = _failure(rng) if hour in failed else (200, seconds[hour])
                slow = hour not in failed and rng.random() < 0.001
                yield {"unit": unit, "time": start + timedelta(hours=hour), "status": status,
                       "seconds": 14.9 if slow else taken}  # fmt: skip


def _failure(rng):
    """No answer, an error, or an answer that takes fifteen seconds or longer."""
    kind = int(rng.integers(4))
    if kind == 0:
        return "", ""
    if kind == 1:
        return int(rng.choice((500, 502, 503))), round(rng.uniform(0.2, 4), 2)
    return 200, 15.0 if kind == 2 else round(rng.uniform(15.1, 40), 2)


def links(panel, since, rng):
    """Links looked at; dead ones lie on inner pages, as the remarks of the sheets count them.

    At the earlier looks some were on the home page, where one costs as much as five.
    """
    number = 0
    for unit, day, ago in looks(panel, since, rng):
        dead = lost(panel, unit, "H1.2", earlier=ago > 0)
        at_home = int(rng.integers(0, dead // 5 + 1)) if ago else 0
        kinds = [(True, True)] * at_home + [(False, True)] * (dead - 5 * at_home)
        kinds += [(True, False)] * between((4, 7), rng)
        kinds += [(False, False)] * between((8, 12) if ago else (16, 26), rng)
        for home, broken in kinds:
            number += int(rng.integers(1, 9))
            status = rng.choice(DEAD if broken else ALIVE)
            page = "/" if home else PAGES[int(rng.integers(1, len(PAGES)))]
            yield {"unit": unit, "checked": day, "page": page, "target": f"/n/{number:06}.html",
                   "status": int(status), "home": home}  # fmt: skip


def columns(panel, since, rng):
    """Every column of a site with its last update; overdue and blank ones by the marks."""
    for unit, day, ago in looks(panel, since, rng):
        rows = [(kind, name) for kind, names in COLUMNS.items() for name in names]
        rows = [rows[0], *some(rows[1:], between((12, len(rows) - 1), rng), rng)]
        movable = [row for row in rows if row[0] in OVERDUE]
        blank, overdue = (lost(panel, unit, leaf, earlier=ago > 0) for leaf in ("H2.3", "H2.2"))
        faulty = some(movable, blank + overdue, rng)
        faulty = [faulty[k] for k in rng.permutation(len(faulty))]
        home = between(HOME[lost(panel, unit, "H2.1", earlier=ago > 0)], rng)
        as_of = AS_OF[panel.frame.year] - ago * DAY
        for row in rows:
            kind, name = row
            is_blank, is_overdue = row in faulty[:blank], row in faulty[blank:]
            age = home if kind == "home" else between((OVERDUE if is_overdue else AGE)[kind], rng)
            undated = is_blank or (is_overdue and rng.random() < 0.2)
            yield {"unit": unit, "checked": day, "column": name, "kind": kind,
                   "last_update": None if undated else min(as_of - age * DAY, day),
                   "blank": is_blank}  # fmt: skip


def footers(panel, since, rng):
    """Marks at the foot of the home page, and the entrance for reporting errors."""
    for unit, day, ago in looks(panel, since, rng):
        lacking = some(MARKS, lost(panel, unit, "F2.2", earlier=ago > 0), rng)
        yield {"unit": unit, "checked": day, **{mark: mark not in lacking for mark in MARKS},
               "error_report": lost(panel, unit, "F2.3", earlier=ago > 0) == 0}  # fmt: skip


def typos(panel, since, rng):
    """Pages read: clean ones, and minor faults as many as the mark needs."""
    for unit, day, ago in looks(panel, since, rng):
        for _ in range(between((4, 9), rng)):
            yield _read(unit, day, ("", ""), "none", rng)
        for _ in range(lost(panel, unit, "H3.1", earlier=ago > 0)):
            yield _read(unit, day, WRONG[int(rng.integers(len(WRONG)))], "minor", rng)


def _read(unit, day, words, severity, rng):
    page = f"{PAGES[int(rng.integers(len(PAGES)))]}{int(rng.integers(1, 9999)):04}.html"
    return {"unit": unit, "checked": day, "page": page, "wrong": words[0], "right": words[1],
            "severity": severity}  # fmt: skip


def guides(panel, since, rng):
    """Sampled service guides of the sites that have services."""
    number = 0
    frame = panel.frame
    for unit, day, ago in looks(panel, since, rng):
        if not frame.class_a[frame.row(unit)]:
            continue
        items = between((3, 5) if ago else (9, 11), rng)
        steps = {leaf: lost(panel, unit, leaf, earlier=ago > 0) for leaf in GUIDE_LEAVES}
        faulty = {leaf: set(rng.choice(items, n, replace=False)) for leaf, n in steps.items()}
        differs = _differs(panel, unit, items, rng)
        for item in range(items):
            number += 1
            flags = {name: rng.random() > 0.01 for name in ("charges", "contact")}
            for leaf, names in GUIDE_LEAVES.items():
                lacking = names[int(rng.integers(len(names)))] if item in faulty[leaf] else ""
                flags |= {name: name != lacking for name in names}
            yield {"guide": f"事项 {frame.year}-{number:03}", "unit": unit, "sampled": day, **flags,
                   **{name: item not in chosen for name, chosen in differs.items()}}  # fmt: skip


def _differs(panel, unit, items, rng):
    """Items of another format or source than the integrated platform's: the findings say where."""
    found = {}
    for name in ("same_format", "same_source"):
        hit = panel.findings[name.replace("same", "guide") + "_differs"][unit] == "true"
        found[name] = set(rng.choice(items, between((1, 3), rng) if hit else 0, replace=False))
    return found


def articles(panel, since, rng):
    """A year's articles with their share of originals, and a few from before it."""
    as_of, year = AS_OF[panel.frame.year], panel.frame.year
    rows = []
    for unit in panel.frame.units:
        count = between(ARTICLES[lost(panel, unit, "P2.1")], rng)
        low, high = ORIGINAL[lost(panel, unit, "P2.2")]
        own = [k for k in range(count + 1) if low <= k / count <= high]
        own = set(rng.choice(count, own[int(rng.integers(len(own)))], replace=False).tolist())
        start = max(months_later(as_of, -12) + 2 * DAY, since.get(unit, date.min))
        names = COLUMNS["dynamic"] + COLUMNS["notice"]
        days = [start + int(rng.integers((as_of - start).days + 1)) * DAY for _ in range(count)]
        if unit not in since:
            days += [start - (3 + int(rng.integers(40))) * DAY for _ in range(between((2, 8), rng))]
        for number, day in enumerate(days):
            rows.append({"unit": unit, "published": at(day, rng), "reposted": number not in own,
                         "column": names[int(rng.integers(len(names)))]})  # fmt: skip
    rows.sort(key=lambda row: row["published"])
    for number, row in enumerate(rows, 1):
        row["title"] = f"文章 {year}-{number:05}"
    return rows


def posts(panel, since, rng):
    """Posts of sixteen weeks; one account of each site was silent as long as the mark says."""
    as_of = AS_OF[panel.frame.year]
    for unit in panel.frame.units:
        silent = between(SILENT[lost(panel, unit, "F3.2")], rng)
        for number in range(between((1, 2), rng)):
            latest = silent if number == 0 else between((0, min(silent, 4)), rng)
            days = {latest}
            while (last := max(days)) < 112:
                days.add(last + between((1, 4), rng))
            for ago in sorted(days, reverse=True):
                yield {"unit": unit, "account": ("公众号", "微博")[number],
                       "posted": at(as_of - ago * DAY, rng)}  # fmt: skip
