from __future__ import annotations

import time

import pytest

from foreman.approvals.orders import MAX_ORDERS, Order, orders_in

A, B = "1a2b3c4d", "deadbeef00"


def approve(digest: str = A) -> Order:
    return Order(verb="approve", digest=digest)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (f"@acme-bot approve {A}", [approve()]),
        (f"  @ACME-bot: Approve `{A.upper()}` ", [approve()]),
        (f"@acme-bot, approve {A}.", [approve()]),
        (f"@acme-bot approve {A} {B}", [approve(), approve(B)]),
        (f"@acme-bot approve {A}, {B}", [approve(), approve(B)]),
        (f"Looks right.\r\n@acme-bot approve {A}\r\nthanks", [approve()]),
        (f"@acme-bot reject {A}", [Order(verb="reject", digest=A)]),
        (
            f"@acme-bot reject {A} because it is a question",
            [Order(verb="reject", digest=A, because="it is a question")],
        ),
        (f"@acme-bot approve {A}\n@acme-bot reject {A} because no", [approve()]),
        # not said to us, or not as an order
        (f"approve {A}", []),
        (f"@acme-bots approve {A}", []),
        (f"@acme-bot please approve {A}", []),
        (f"I would not say @acme-bot approve {A}", []),
        (f"@acme-bot approve {A} tomorrow", []),
        (f"@acme-bot approve {A} or {B}", []),
        (f"@acme-bot approve {A[:7]}", []),
        (f"@acme-bot approve {A}xyz", []),
        (f"@acme-bot approve {'a' * 65}", []),
        ("@acme-bot approve all", []),
        (f"@acme-bot don't approve {A}", []),
        # somebody else's words, or not to be seen
        (f"> @acme-bot approve {A}", []),
        (f"> quoted\n\n@acme-bot approve {A}", [approve()]),
        (f"    @acme-bot approve {A}", []),
        (f"```\n@acme-bot approve {A}\n```", []),
        (f"```\n@acme-bot approve {A}\n~~~\n@acme-bot approve {B}", []),
        (f"~~~~\n~~~\n@acme-bot approve {A}\n~~~~\n@acme-bot approve {B}", [approve(B)]),
        (f"<!--\n@acme-bot approve {A}\n-->", []),
        (f"fine <!--\n-->\n@acme-bot approve {A}", []),
        (f"`@acme-bot approve {A}`", []),
        (f"~~@acme-bot approve {A}~~", []),
    ],
)
def test_only_whole_plain_lines_to_us_are_orders(body: str, found: list[Order]) -> None:
    assert list(orders_in(body, bot="acme-bot")) == found


def test_an_app_is_addressed_by_its_login() -> None:
    assert orders_in(f"@foreman[bot] approve {A}", bot="foreman[bot]") == (approve(),)


def test_a_comment_of_any_size_gives_few_orders_in_linear_time() -> None:
    many = "\n".join(f"@acme-bot approve {number:08x}" for number in range(5000))
    nasty = [
        f"@acme-bot approve {'1a2b3c4d ' * 7000}x",
        "@acme-bot approve " + " " * 60_000,
        "`" * 60_000,
        "<!-" * 20_000,
    ]

    started = time.process_time()
    assert len(orders_in(many, bot="acme-bot")) == MAX_ORDERS
    for body in nasty:
        assert orders_in(body, bot="acme-bot") == ()
        assert orders_in("\n".join(body[at : at + 1900] for at in range(0, 60_000, 1900)), bot="acme-bot") is not None
    assert time.process_time() - started < 10
