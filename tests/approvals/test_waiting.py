from __future__ import annotations

from dataclasses import replace

import pytest

from foreman.approvals.waiting import dashboards, is_wanted
from foreman.config.effective import RepoPlan
from foreman.model import ForgeKind, Mode, RepoRef
from tests.approvals.conftest import OPS, plan
from tests.rig import WIDGET

OTHER = RepoRef(ForgeKind.GITHUB, "acme/other")
ON_GITLAB = RepoRef(ForgeKind.GITLAB, "acme/widget")


@pytest.mark.parametrize(
    ("plans", "wanted"),
    [
        ([plan()], True),
        ([plan(mode=Mode.AUTO)], True),
        ([plan(mode=Mode.SHADOW)], False),
        ([plan(mode=Mode.SHADOW, modes={"close": Mode.APPROVE})], True),
        ([plan(mode=Mode.SHADOW), plan(OTHER)], True),
        ([plan(dashboard="")], False),
        ([plan(dashboard="acme/elsewhere")], False),
        ([replace(plan(), enabled=False)], False),
        ([plan(ON_GITLAB)], False),
        ([], False),
    ],
)
def test_a_dashboard_is_wanted_where_something_may_be_done(plans: list[RepoPlan], wanted: bool) -> None:
    assert is_wanted(OPS, plans) is wanted
    assert (OPS in dashboards(plans, ForgeKind.GITHUB)) is wanted


def test_a_dashboard_lives_on_the_forge_of_those_who_use_it() -> None:
    found = dashboards([plan(), plan(OTHER), plan(ON_GITLAB)], ForgeKind.GITLAB)

    assert {repo: [user.repo for user in users] for repo, users in found.items()} == {
        RepoRef(ForgeKind.GITLAB, OPS.path): [ON_GITLAB]
    }
    assert [user.repo for user in dashboards([plan(), plan(OTHER)], ForgeKind.GITHUB)[OPS]] == [WIDGET, OTHER]
