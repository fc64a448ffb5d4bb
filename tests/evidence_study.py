"""A study of four units that measures all it has: eighteen leaves, ten tables, one proposed veto.

Written to disk by hand, so that every number can be checked by eye. What u1 did:

- 1 of 4 probes failed; 1 dead link on the home page and 2 on others of 5; home page last updated
  9 days before the look; 1 of 4 columns overdue by 40 days; 1 of 5 columns blank; 2 minor wrong
  words and 1 serious one
- last post 12 days ago; 3 articles, 1 of them reposted; footer without ICP and police number
- 2 guides, one without materials and of another format
- 3 letters due: one in time, one late (19 working days), one of 1 July never answered
- 2 consultations, the results of one published, those of the other not

u2 has no fault and one of everything, u3 one of each fault at most, u4 (class without guides) no
letters, articles or consultations. The letter of 1 July proposes a veto for u1.
"""

from __future__ import annotations

import yaml
from studies import UNITS, make_study

LEAVES = {  # leaf: measure and parameters
    "p1": {"name": "failed_probes", "seconds": 15},
    "p2": {"name": "dead_links"},
    "p3": {"name": "days_since_update", "kinds": ["home"]},
    "p4": {
        "name": "overdue_columns",
        "limits": {"dynamic": {"days": 14}, "notice": {"months": 6}},
    },
    "p5": {"name": "blank_columns"},
    "p6": {"name": "typos"},
    "p7": {"name": "days_since_post"},
    "p8": {"name": "article_count"},
    "p9": {"name": "original_share"},
    "f1": {"name": "footer_lacking", "elements": ["site_code", "icp_number", "police_number"]},
    "g1": {"name": "guides_lacking", "elements": ["same_format", "same_source"]},
    "g2": {"name": "faulty_guides", "elements": ["item_name", "materials"]},
    "g3": {"name": "poor_guides", "elements": ["procedure", "charges"], "lacking": 2},
    "l1": {"name": "answered_in_time", "limit": {"working_days": 15}, "until": "replied"},
    "l2": {"name": "mean_working_days", "limit": {"working_days": 15}, "until": "replied"},
    "l3": {"name": "unanswered_letters", "limit": {"months": 3}},
    "c1": {"name": "consultations_held"},
    "c2": {"name": "results_published_in_time", "limit": {"months": 1}},
}
STEPS = {
    **{"p1": [{"at_least": 0.2, "points": 1}], "p3": [{"above": 7, "points": 0.5}]},
    **{"p7": [{"above": 9, "points": 1}], "p8": [{"below": 1, "points": 3}]},
    **{"p9": [{"below": 0.5, "points": 1}, {"below": 0.7, "points": 0.5}]},
    **{"l1": [{"below": 0.5, "points": 3}, {"below": 0.9, "points": 1.25}]},
    **{"l2": [{"above": 16, "points": 1}], "c1": [{"below": 1, "points": 3}]},
    "c2": [{"below": 1, "points": 0.5}],
}
EACH = {
    "p2": {"home": 0.5, "other": 0.1},
    "p4": {"dynamic": 0.5, "notice": 0.5},
    **{"p5": 0.5, "p6": {"minor": 0.2, "serious": 2}, "f1": 0.5, "g1": 1, "g2": 0.5, "g3": 0.5},
    "l3": 1,
}
NONE = {"p8": "zero", "c1": "zero", "c2": "zero"}
WHERE = {"source": "rule book", "confirmed": True}


def _leaf(code, measure):
    letters = measure["name"] in ("answered_in_time", "mean_working_days", "unanswered_letters")
    scale = {"steps": STEPS[code]} if code in STEPS else {"points_each": EACH[code]}
    return {
        "measure": measure | ({"charge": "holder"} if letters else {}),
        "window": {"months": 12},
        "none": NONE.get(code, "not_applicable"),
        **scale,
        **WHERE,
    }


def measures() -> dict:
    """``measures.yaml`` as plain data; a test may change it before it writes it."""
    veto = {"measure": LEAVES["l3"] | {"charge": "holder"}, "window": {"months": 12}, **WHERE}
    names = {"zh": "来信超过3个月未回应", "en": "Letter unanswered for three months"}
    return {
        "as_of": "2020-11-30",
        "leaves": {code: _leaf(code, measure) for code, measure in LEAVES.items()},
        "vetoes": {"unanswered": veto | names | {"at_least": 1}},
    }


SCHEME = (
    "code,parent,name_zh,name_en,weight,full_marks,step,aggregation,classes\nall,,总,Total,,,,,\n"
)
SCHEME += "".join(f"{d},all,{d}维,Dimension {d},,,,,\n" for d in "ABC")
SCHEME += "".join(
    f"{code},{ {'p': 'A', 'f': 'A', 'g': 'B'}.get(code[0], 'C') },项{code},Leaf {code},,3,0.05,,"
    f"{'A' if code[0] == 'g' else ''}\n"
    for code in LEAVES
)
SCHEME += "typed,C,人评,Judged,,3,0.5,,\n"
MARKS = "unit,indicator,mark\nu1,typed,3\nu2,typed,2.5\nu3,typed,2\nu4,typed,3\n"
SITES = ("u1", "u2", "u3", "u4")
COLUMNS = [
    (unit, "2020-11-30", name, kind, update, blank)
    for unit in SITES
    for name, kind, update, blank in (
        ("home", "home", {"u1": "2020-11-21", "u3": ""}.get(unit, "2020-11-29"), 0),
        ("news", "dynamic", "2020-10-21" if unit == "u1" else "2020-11-20", 0),
        ("notices", "notice", "2020-11-01", 0),
        ("policies", "notice", "" if unit == "u3" else "2020-06-30", 0),
        ("about", "static", "", int(unit == "u1")),
    )
]
TABLES = {
    "probes": "unit,time,status,seconds\n"
    + "".join(
        f"{unit},2020-11-{day} 10:00,200,{31 if (unit, day) == ('u1', 28) else 1}\n"
        for unit in SITES
        for day in (27, 28, 29, 30)
    ),
    "links": "unit,checked,status,home\n"
    + "".join(
        f"{unit},2020-11-30,{404 if unit == 'u1' and n < 3 else 200},{int(n == 0)}\n"
        for unit in SITES
        for n in range(5)
    ),
    "columns": "unit,checked,column,kind,last_update,blank\n"
    + "".join(",".join(map(str, row)) + "\n" for row in COLUMNS),
    "typos": "unit,checked,severity\nu1,2020-11-30,minor\nu1,2020-11-30,minor\n"
    "u1,2020-11-30,serious\nu2,2020-11-30,none\nu3,2020-11-30,minor\nu4,2020-11-30,none\n",
    "posts": "unit,account,posted\nu1,微博,2020-11-18\nu2,微博,2020-11-30\nu3,微博,2020-11-29\n",
    "articles": "unit,published,title,reposted\nu1,2020-05-01,a,0\nu1,2020-05-02,b,0\n"
    "u1,2020-05-03,c,1\nu2,2020-05-01,a,0\nu3,2020-05-01,a,1\n",
    "footer": "unit,checked,party_emblem,site_code,icp_number,police_number,host_contact,"
    "error_report\n"
    + "".join(
        f"{unit},2020-11-30,1,1,{int(unit != 'u1')},{int(unit not in ('u1', 'u3'))},1,1\n"
        for unit in SITES
    ),
    "guides": "guide,unit,sampled,item_name,legal_basis,conditions,materials,procedure,time_limit,"
    "charges,contact,forms,same_format,same_source\n"
    "g1,u1,2020-11-20,1,1,1,0,1,1,1,1,1,0,1\ng2,u1,2020-11-20,1,1,1,1,1,1,1,1,1,1,1\n"
    "g3,u2,2020-11-20,1,1,1,1,1,1,1,1,1,1,1\n",
    "letters": "letter,unit,received,replied\nn1,u1,2020-07-01,\n"
    "n2,u1,2020-06-01,2020-06-02\nn3,u1,2020-09-14,2020-10-15\n"
    "n4,u2,2020-06-01,2020-06-02\nn5,u3,2020-06-01,2020-07-06\n",
    "consultations": "consultation,unit,start,end,results_published\n"
    "k1,u1,2020-03-01,2020-03-31,2020-04-20\nk2,u1,2020-05-01,2020-05-31,\n"
    "k3,u2,2020-03-01,2020-03-31,2020-04-20\nk4,u3,2020-03-01,2020-03-31,2020-06-29\n",
}


def make_evidence_study(folder, *, rules=None, files=None, **tables):
    """Folder of the study; ``rules`` replaces ``measures.yaml``, a table's name its text."""
    texts = {f"2020/evidence/{name}.csv": text for name, text in (TABLES | tables).items()}
    given = {
        "units.csv": UNITS.replace(",h,A", ",h,B").replace("丙局,,g,B", "丙局,,g,A"),
        "2020/scheme.csv": SCHEME,
        "2020/marks.csv": MARKS,
        "2020/measures.yaml": yaml.safe_dump(rules or measures(), allow_unicode=True),
        "2020/evidence/.": None,
    }
    return make_study(folder, files=given | texts | (files or {}))
