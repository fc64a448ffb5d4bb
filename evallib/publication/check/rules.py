"""The rule table: what the words around a numeral say that it is about.

Patterns are read on the masked sentence (see ``tokens.MASK``): ``#`` numeral, ``P`` population,
``N`` node, ``S`` site, ``Y`` year, ``D`` direction, ``H`` hedge word. ``left`` must end at the
numeral, ``right`` begin behind it, and the braces of the claim must all be known from context.
The first rule that fits decides; one without a claim says that nothing here can be computed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

FILL = "(?:[仅只约近超逾有为达到是共了计在得H]|大约|接近|将近|超过|不足|不满|不到|数量)*"
BY = "(?:幅度?|了|[约近超逾为达]|大约|接近|将近|超过|不足|不到|[个分])*"  # not 到 or 至: no change
OVER = "含*(?:及|或)?以上"
ONE_FIGURE = "(?:平均|均分|中位|最[高低]分)"  # of it `90分以上` is a hedge, and no bar for sites
TO_BAR = "[在达到高大低于不足超过满]*"  # from 均 to a bar of points
BAR = f"(?:个?名次|个?位次|个?位|名|分){OVER}"
SITES = "(?:P+|(?:政府)?网站群?|单位|部门)"
NODES = "[个项](?:[一二三]级)?指标"
LIMIT = "(?:最多|最高|不超过|上限为?|至多)[加扣为]?"
POINTS = r"(?=分(?!以上)|[,。;)、]|$|[^%个家名位项分以余多左\d])"
PORTION = "(?:占比|比例|比重|达标率)(?:(?!数量|[个家网]数|平均|均分|#+[个家]).)*"
PLACED = "S+(?:[位居名列排为]*第?#+[名位]?)?"
PART = "前#+[名位强家]"
RISEN = f"(?:D+{BY}#+{BAR}|进步[^,;。#]{{0,6}})的{SITES}"


@dataclass(frozen=True)
class Rule:
    """A numeral between ``left`` and ``right`` is about ``claim``.

    ``name`` says how it is read where that is not as the claim's number: ``signed`` by the
    direction word before it, or the role of its binding.
    """

    left: str
    right: str
    claim: str
    name: str = ""

    def fits(self, left: str, right: str) -> bool:
        """Whether the text before a numeral and the text behind it are those of the rule."""
        return bool(re.search(f"(?:{self.left})$", left) and re.match(self.right, right))


_HERE, _NOW, _SPAN = "{population}:{year}", "{population}:{now}", "{population}:{span}"
RULES = [
    # bars, caps, the scale and weights: numbers of rules.yaml and scheme.csv
    Rule(f"D+{BY}", BAR, "rule.improved:all:{now}", "signed"),
    Rule(f"^(?!.*{ONE_FIGURE}[^,;]*$).*", f"分{OVER}", "rule.threshold:all:{now}"),
    Rule("满分[为是]?", "分", "rule.scale:all:{now}"),
    Rule(f"加分(?:(?!扣分)[^。;])*{LIMIT}", "分", "rule.bonus_cap:all:{now}"),
    Rule(f"扣分[^。;]*{LIMIT}", "分", "rule.penalty_cap:all:{now}"),
    Rule("基础分(?:高于|超过|大于)", "分", "rule.gate:all:{now}"),
    Rule("取值(?:范围)?[为在]?", "至", "rule.index_lowest:all:{now}"),
    Rule("取值(?:范围)?[为在]?#+至", "", "rule.index_highest:all:{now}"),
    Rule(
        f"(?:N+\\(|N+[占为]|权重(?:分别|依次|HH)?{FILL}(?:#+%[、和与及])*)",
        "%",
        "weight.{node}:all:{now}",
    ),
    Rule(f"N+(?:\\(|满分|分值){FILL}", "分", "points.{node}:all:{now}"),
    # how many names follow, and of whom
    Rule("前列?", "[名位强家]", f"order:{_NOW}", "top"),
    Rule("后", "[名位家]", f"last:{_NOW}", "top"),
    Rule("前#+[名位].{0,4}有", f"个{SITES}", f"order:{_NOW}", "listed"),
    Rule("(?:S+|.)等", "[个家名]", f"{{list}}:{_NOW}", "listed"),
    Rule("(?:较低|最低|偏低)的", NODES, f"order.{{node}}:{_HERE}", "low"),
    Rule("(?:较高|最高)的", NODES, f"order.{{node}}:{_HERE}", "high"),
    Rule(f"不低于总体.*指标{FILL}", "[项个]", f"count.above:{_HERE}"),
    Rule(f"低于总体.*指标{FILL}", "[项个]", f"count.below:{_HERE}"),
    Rule(f"{RISEN}{FILL}", "[个家]", f"count.improved:{_NOW}"),
    Rule("", f"[个家]{SITES}[^,;。]{{0,8}}D+{BY}#+{BAR}", f"count.improved:{_NOW}"),
    *[Rule("", f"[个项]{zh}级指标", f"nodes.{n}:all:{{now}}") for n, zh in enumerate("一二三", 1)],
    # one site, and the ends
    Rule(f"最高(?:分|得分|的{SITES})?{FILL}", "分", f"highest:{_HERE}"),
    Rule(f"最低(?:分|得分|的{SITES})?{FILL}", "分", f"lowest:{_HERE}"),
    Rule("(?:继续|保持|蝉联|倒数)[^,;#]*第", "", ""),
    Rule("第", "[名位]", "rank:{placed}:{year}"),
    Rule("[列居名]第", "(?![个期季届次])", "rank:{placed}:{year}"),
    Rule("[居列P]", "位", "rank:{placed}:{year}"),
    Rule(f"S+[^;#]*D+{BY}", "个?[名位]", "delta.rank:{site}:{span}", "signed"),
    Rule(
        f"{PLACED}[(以的,]*(?:Y+年?)?(?:总分|得分|总得分|评估得分|得)?{FILL}",
        "分",
        "total:{site}:{year}",
    ),
    Rule(
        "(?:得分|总分|分数|成绩)(?:分别|HH)[为是得达]*(?:#+分?[、和与及,])*",
        "分?",
        "total:{paired}:{year}",
    ),
    # changes; between two populations none is computed
    Rule(f"(?:相差|差距[为达]?|(?:高于|低于)[^#的Y]*|(?:[前后两二]者|比P+)[^#Y]*D+{BY})", "分", ""),
    Rule(f"初评(?!报告)[^Y比;]*D+{BY}", POINTS, f"delta.rounds:{_NOW}", "signed"),
    Rule(f"{PORTION}D+{BY}", "%", ""),
    Rule(f"[量数](?:[^,;#占]*)D+{BY}", "个?百分点", ""),
    Rule(f"D+{BY}", "%", f"percentage.{{level}}:{_SPAN}", "signed"),
    Rule(f"D+{BY}", "个?百分点", f"delta.{{share}}:{_SPAN}", "signed"),
    Rule(f"D+{BY}", "[个家项]", f"delta.{{count}}:{_SPAN}", "signed"),
    Rule(f"D+{BY}", POINTS, "delta.{score}:{whose}:{span}", "signed"),
    # parts of a whole
    Rule("占适用[^,;#]*", "[个家]", f"applicable.finding.{{finding}}:{_HERE}", "applicable"),
    Rule("占(?:全部|总数)?", "[个家]", f"units:{_HERE}"),
    Rule("", f"[个家]{SITES}中?未发现", f"applicable.finding.{{finding}}:{_HERE}"),
    Rule(".*得分率[^,;]*", "%", f"index.{{node}}:{_HERE}", "rate"),
    Rule("", "%", f"{{share}}:{_HERE}"),
    # scores
    Rule("总体(?:得分指数)?[为(]?", POINTS, f"index.{{root}}:{_HERE}"),
    Rule("", POINTS, f"{{score}}:{_HERE}"),
    # sites
    Rule(f"单项否决的{SITES}{FILL}", "[个家]", f"count.vetoed:{_HERE}"),
    Rule("", f"[个家]{SITES}[被因受][^,;]{{0,4}}单项否决", f"count.vetoed:{_HERE}"),
    Rule("(?:^|参评的|[^的])", f"[个家]{SITES}(?:[中里内H]|进行|参加|参与|开展)", f"units:{_HERE}"),
    Rule("", "余?多?[个家]", f"{{count}}:{_HERE}"),
]

# What a stretch of sentence speaks of until another of these words comes.
CUES = [
    (
        "unknown",
        re.compile(f"(?:N+(?:指标|方面)?的?|{PART})(?:的?(?:P+|网站))?的?平均(?:得分|分|成绩)?"),
    ),
    ("mean.initial", re.compile("初评(?!报告)[^终;。#]*?平均(?:得分|分|成绩)?")),
    ("median", re.compile("中位(?:数|分)?")),
    ("mean", re.compile("平均(?:得分|分|成绩)?|均分")),
    ("index", re.compile("得分指数|得分率")),
    ("count.at_threshold", re.compile(f"(?<![D了过#])#+分{OVER}")),
    ("count.vetoed", re.compile("单项否决")),
]
# A restriction that no claim knows: another bar, or a range of points.
OTHER_BAR = re.compile("(?:超过|高于|大于|低于|不足|不到|至|-|—|~)#+分|#+分以下")
PARTIAL = f"(?:#+分(?:{OVER}|以下)|#+分|#+[名位家强]|明显|靠[前后]|[较最][高低好差])"
# Sites that are only part of a population, of which nothing else is computed.
RESTRICTED = re.compile(
    f"{PARTIAL}的P+的?(?:平均|均分|中位|得分)|(?<!参评)(?<!评估)(?<!全市)的P+(?:[中里内]|,(?![^,;。#]{{0,3}}[占有达共为]))"
    f"|{PART}的?(?:P+|网站|单位)?[中里内]|除[^,;。]*外|其余|其他P|剩余|上述|另外"
)
DENIAL = re.compile("[未不无没]")
# Of two words of opposite worth one cannot be said of sites of which the other is.
WORTH = re.compile("[较偏很更最](?:(?P<good>[好高多强快优])|(?P<bad>[差低少弱慢劣]))")
PART_OF = re.compile(  # of sites that something else restricts nobody knows how many there are
    f"(?<![参考]评)(?<!评估)(?<!P)的(?:{SITES}[中里内]|P+{FILL}$)"
)
WITHIN = re.compile(f"其中|{SITES}[中里内]")  # of the sites just named
ALL_OF_THEM = re.compile(
    "(?=.*(?:参|评|纳入|共|合计|网站))(?:Y+年?|参加|参与|参评|考评|纳入|评估|被|本次|此次|对"
    "|年度|范围|合计|[的共有计为在,]|P+|(?:政府)?网站|单位)*$"
)
COMPARED = re.compile("(?:比|较|与|同|从|由|自|于|跟)$")  # before a year: the year compared with
# Words around a numeral that hedge it, and the word of `hedges` that each stands for.
BEFORE = {
    "大约": "约", "约": "约", "将近": "近", "接近": "近", "近": "近", "超过": "超过",
    "逾": "超过", "不超过": "以下", "不少于": "以上", "不低于": "以上", "超": "超",
    "不足": "不足", "不到": "不足", "不满": "不满", "至少": "以上", "至多": "以下",
}  # fmt: skip
HEDGED_BEFORE = re.compile(f"(?:{'|'.join(sorted(BEFORE, key=len, reverse=True))})$(?<!最近)")
HEDGED_BEHIND = re.compile(
    "(?P<more>余|多)|[%分个家]?(?P<about>左右|上下)|%(?P<bound>以上|以下|以内)"
)
HEDGED_FIGURE = re.compile(HEDGED_BEHIND.pattern.replace("|%(?P<bound>", "|[%分](?P<bound>"))
# The role of a list of sites: what stands before it, or behind it.
LISTS = [
    ("tied", "", "^并列"),
    ("most", "(?:进步|D+)[^。;#]*最[大多快][^。;#]*", ""),
    ("improved", "(?:进步|D+)[^。;]*", ""),
    ("incomparable", "", "新设|不作名次比较"),
    ("vetoed", "单项否决[^。;]*", ""),
    ("last", "后#+[名位家][^。;]*", ""),
    ("last", "(?:得分|总分|排名|名次)最[低后]的?[^。;,]{0,6}|最低分[^。;]*", ""),
    ("order", "(?:得分|总分|排名|名次)最[高前]的?[^。;,]{0,6}|最高分[^。;]*", ""),
    ("order", "(?:前#+[名位强家]|前列|排名|名次)[^。;]*", ""),
    ("order", "", "^(?:包揽|位列|位居|名列|居|列)?前#+[名位强家]"),
]
