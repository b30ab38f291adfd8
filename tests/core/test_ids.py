from __future__ import annotations

import time
import uuid

from core.ids import new_id, new_secret


def test_ids_are_version_7_and_rise() -> None:
    made = []
    for _ in range(5):
        made.append(new_id())
        time.sleep(0.002)
    assert made == sorted(made)
    for text in made:
        value = uuid.UUID(text)
        assert value.version == 7
        assert value.variant == uuid.RFC_4122


def test_secrets_hold_256_bits() -> None:
    assert len({new_secret() for _ in range(100)}) == 100
    assert len(new_secret()) == 43
