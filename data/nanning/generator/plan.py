"""Which faults go into which sheet."""

from __future__ import annotations

from generator.mistakes import WHY, WIDE, Spoiler

ABSENT = {2019: "dept55"}  # a unit that the preliminary round of that year left out


def spoil(tables, rng):
    """Put this year's faults into its tables, in place."""
    by_place = {(t.round, t.area): t for t in tables}
    year = tables[0].frame.year
    {2019: _spoil_2019, 2020: _spoil_2020}[year](by_place, Spoiler(rng))
    for table in tables:
        if table.round == "initial":
            table.lines[:] = [x for x in table.lines if x.unit != ABSENT.get(year)]


def _spoil_2020(at, spoil):
    health, design, publish, service, contact = (at["final", area] for area in "HFPSI")
    first_b = spoil.neutral(health)
    spoil.name(health, "dept01", "市卫生健康委", "unit_alias")
    spoil.name(health, "dept03", "市发改委", "unit_alias")
    spoil.name(health, first_b[0], _spaced(health, first_b[0]), "unit_form")
    spoil.name(health, "zone3", "开发区\uff13", "unit_form")
    spoil.number_form(health, 3)
    spoil.deduction_sign(health, 2)
    spoil.step_noise(health, 2)
    spoil.full_marks_word(health, 1)
    spoil.blank(health)

    spoil.name(design, "dept05", "南宁市金融工作办公室", "unit_alias")
    spoil.name(design, "dept14", "青秀山管委会", "unit_alias")
    spoil.name(design, "dept08", "市教育局\u3000", "unit_form")
    spoil.full_marks_word(design, 2)
    spoil.number_form(design, 3)
    spoil.off_step(design)
    spoil.above(design)
    spoil.repeat(design, spoil.neutral(design)[0])

    spoil.not_for_one_site(publish)
    spoil.name(publish, "dept51", "部门51(筹)", "unit_alias")
    spoil.name(publish, "zone1", "开发区—1", "unit_form")
    spoil.number_form(publish, 3)
    spoil.negative(publish)
    spoil.dash(publish, "—")
    spoil.repeat(publish, spoil.neutral(publish)[0], hidden=True)

    spoil.class_signs(service, ("—", "/", "-", "不适用"))
    spoil.outside_class(service)
    spoil.number_form(service, 2)
    spoil.full_marks_word(service, 1)
    spoil.name(service, "dept10", "市审批局", "unit_alias")

    spoil.name(contact, "dept04", "南宁市农业农村局", "unit_alias")
    spoil.name(contact, "zone2", "开发区 2", "unit_form")
    spoil.number_form(contact, 3)
    spoil.words(contact, "约{}")
    spoil.repeat(contact, spoil.neutral(contact)[0])
    spoil.subtotal(health, "部门小计", "dept52")

    health, design, publish, service, contact = (at["initial", area] for area in "HFPSI")
    spoil.number_form(health, 2)
    spoil.blank(health)
    spoil.name(design, "dept02", "市自规局", "unit_alias")
    spoil.subtotal(design, "部门合计", "dept52")
    spoil.not_for_one_site(publish)
    one, other = spoil.neutral(publish)[:2]
    spoil.name(publish, one, publish.frame.names[other], "ruling", WHY["wrong_unit"])
    spoil.class_signs(service, ("/", "—"))
    spoil.two_marks(contact, spoil.neutral(contact)[0])


def _spoil_2019(at, spoil):
    health, design, publish, service, contact = (at["final", area] for area in "HFPSI")
    spoil.deduction_cap(health, 0.4)
    spoil.deduction_sign(health, 1)
    spoil.number_form(health, 2)
    spoil.name(design, "dept02", "市国土局", "ruling", WHY["old_name"])
    spoil.full_marks_word(design, 1)
    spoil.not_for_one_site(publish)
    spoil.off_step(publish)
    spoil.number_form(publish, 1)
    spoil.class_signs(service, ("—", "不适用"))
    spoil.outside_class(service)
    spoil.dash(service, "/")
    spoil.name(contact, "dept06", "市交通局", "unit_alias")
    spoil.words(contact, "{}以上")
    spoil.subtotal(contact, "合 计", "zone3")

    health, design, publish, service, contact = (at["initial", area] for area in "HFPSI")
    spoil.number_form(health, 1)
    spoil.not_for_one_site(publish)
    spoil.above(publish)
    spoil.class_signs(service, ("-",))
    spoil.name(contact, "dept01", "市卫计委", "ruling", WHY["old_name"])


def _spaced(table, unit):
    """The unit's name with full-width figures and an ideographic space."""
    name = table.frame.names[unit]
    return f"{name[:2]}\u3000{name[2:].translate(WIDE)}"
