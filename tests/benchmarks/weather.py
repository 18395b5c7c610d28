"""What goes wrong between the daemon and a forge in the soaks: requests hit at random, in every way there is."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

from foreman.sandbox import (
    Action,
    commit_late,
    commit_then_drop,
    commit_then_status,
    drip,
    drop_before,
    not_json,
    redirect,
    reorder_pages,
    reply,
    stale_list,
    truncate,
)
from foreman.sandbox.exchange import Request
from tests.rig import Clock

SHARE = 0.1
"""Of all requests, so many go wrong."""

Make = Callable[[Clock], Action]


def _over_the_quota(clock: Clock) -> Action:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(clock().timestamp()) + 240)}
    return reply(403, headers, {"message": "API rate limit exceeded"})


WRITES: dict[str, tuple[float, Make]] = {
    "commit, then drop": (1, lambda _: commit_then_drop()),
    "commit late": (1, lambda _: commit_late(0.02)),
    "commit, then 500": (1, lambda _: commit_then_status(500)),
    "half a reply": (1, lambda _: truncate(1)),
    "422": (0.2, lambda _: reply(422, body={"message": "Validation Failed"})),
}
READS: dict[str, tuple[float, Make]] = {
    "behind by 20 s": (1, lambda _: stale_list(20)),
    "half a page": (1, lambda _: truncate(50)),
    "invalid JSON": (1, lambda _: reply(200, body='[{"number": 1,')),
    "something else": (1, lambda _: reply(200, body={"message": "hello"})),
}
LISTS: dict[str, tuple[float, Make]] = {
    "pages reordered": (4, lambda _: reorder_pages()),
    "410": (1, lambda _: reply(410, body={"message": "Issues are disabled for this repo"})),
}
BOTH: dict[str, tuple[float, Make]] = {
    "drop": (1, lambda _: drop_before()),
    "drip": (1, lambda _: drip(2_000_000)),
    "portal, 200": (1, lambda _: not_json()),
    "500": (1, lambda _: reply(500, body={"message": "Server Error"})),
    "502": (1, lambda _: reply(502, body="<html>Bad gateway</html>")),
    "403": (0.2, lambda _: reply(403, body={"message": "Resource not accessible"})),
    "404": (0.5, lambda _: reply(404, body={"message": "Not Found"})),
    "301": (0.5, lambda _: redirect("http://127.0.0.1:9/elsewhere", 301)),
    # The whole account waits after one of these: more of them and nothing but waiting would be tried.
    "401": (0.05, lambda _: reply(401, body={"message": "Bad credentials"})),
    "429, 90 s": (0.1, lambda _: reply(429, {"Retry-After": "90"}, {"message": "slow down"})),
    "403, too fast": (0.1, lambda _: reply(403, body={"message": "You exceeded a secondary rate limit"})),
    "403, over the quota": (0.05, _over_the_quota),
}


class Storm:
    """Hits requests at random; stands where the sandbox keeps its faults.

    Attributes:
        share: Of all requests, so many go wrong.
        whole: What happens to every request instead; None for that.
        asked: Requests that came by.
        hits: Those that went wrong at random.
        kinds: How often what.
    """

    def __init__(self, clock: Clock, chance: random.Random) -> None:
        self.share = SHARE
        self.whole: Action | None = None
        self.asked = 0
        self.hits = 0
        self.kinds: Counter[str] = Counter()
        self.fault = self
        self._clock = clock
        self._chance = chance

    def strike(self, request: Request) -> Action | None:
        """Return what happens to a request; None when it passes."""
        if self.whole is not None:
            return self.whole
        if not self.share:
            return None
        self.asked += 1
        if self._chance.random() >= self.share:
            return None
        kinds = BOTH | (READS if request.method == "GET" else WRITES)
        if request.path.endswith("/issues") and request.method == "GET":
            kinds |= LISTS
        name = self._chance.choices(list(kinds), [weight for weight, _ in kinds.values()])[0]
        self.hits += 1
        self.kinds[name] += 1
        return kinds[name][1](self._clock)
