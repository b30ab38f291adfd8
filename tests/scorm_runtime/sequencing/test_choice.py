"""SB.2.4, SB.2.9."""

from __future__ import annotations

from tests.scorm_runtime.sequencing.building import cluster, engine, pre, says, sco


def test_choice_of_a_cluster_flows_into_it() -> None:
    e = engine(sco("a"), cluster("c", sco("b"), sco("d")))
    e.navigate("start")
    assert e.navigate("choice", "c").delivered == "b"
    assert e.navigate("choice", "root").delivered == "a"


def test_choice_of_a_cluster_with_nothing_to_deliver() -> None:
    e = engine(sco("a"), cluster("c", sco("b", control=pre("skip", "always")), control={"flow": False}))
    e.navigate("start")
    assert e.navigate("choice", "c").exception == "SB.2.9-9"
    assert e.current == "c"
    assert e.navigate("choice", "a").delivered == "a"


def test_hidden_from_choice_hides_what_is_below() -> None:
    e = engine(sco("a"), cluster("c", sco("b"), control=pre("hiddenFromChoice", "always")))
    e.navigate("start")
    assert e.navigate("choice", "b").exception == "SB.2.9-3"
    entry = {entry.id: entry for entry in e.toc()}
    assert not entry["c"].visible
    assert not entry["b"].visible
    assert e.navigate("previous").exception == "SB.2.1-3"


def test_stop_forward_traversal_among_siblings() -> None:
    e = engine(sco("a"), sco("b", control=pre("stopForwardTraversal", "not satisfied")), sco("c"), sco("d"))
    e.navigate("start")
    # Unknown is not "not satisfied": the way is open until b has failed.
    assert e.navigate("choice", "b").delivered == "b"

    says(e, success_status="failed")
    assert e.valid("choice", "d").exception == "SB.2.4-1"
    assert e.navigate("choice", "a").delivered == "a"
    assert [entry.id for entry in e.toc() if entry.selectable] == ["root", "a", "b"]
    assert e.valid("choice", "c").exception == "SB.2.4-1"


def test_backward_choice_in_a_forward_only_cluster() -> None:
    e = engine(cluster("c", sco("a"), sco("b"), control={"forward_only": True}), sco("d"))
    e.navigate("start")
    e.navigate("continue")
    assert e.navigate("choice", "a").exception == "SB.2.4-2"


def test_prevent_activation_is_entered_by_itself_only() -> None:
    e = engine(sco("a"), cluster("c", sco("b"), sco("d"), control={"prevent_activation": True}))
    e.navigate("start")
    assert e.navigate("choice", "d").exception == "SB.2.9-6"
    e.navigate("choice", "a")
    assert e.navigate("continue").delivered == "b"
    assert e.navigate("choice", "d").delivered == "d", "it is active now"


def test_constrained_choice_allows_the_neighbours() -> None:
    e = engine(
        cluster("one", sco("a")), cluster("two", sco("b"), control={"constrain_choice": True}), cluster("three", sco("c")),
        cluster("four", sco("d")),
    )  # fmt: skip
    e.navigate("choice", "b")
    allowed = {i: e.valid("choice", i).allowed for i in "abcd"}
    assert allowed == {"a": True, "b": True, "c": True, "d": False}
    assert e.valid("choice", "d").exception == "SB.2.9-8"


def test_disabled_is_not_delivered_by_choice() -> None:
    e = engine(sco("a"), sco("b", control=pre("disabled", "always")))
    e.navigate("start")
    entry = next(entry for entry in e.toc() if entry.id == "b")
    assert (entry.visible, entry.selectable, entry.exception) == (True, False, "DB.1.1-3")
    assert entry.reason == "“B” is not available now."
    e.language = "id"
    assert next(entry for entry in e.toc() if entry.id == "b").reason == "“B” belum tersedia."
    assert e.navigate("choice", "b").exception == "DB.1.1-3"
