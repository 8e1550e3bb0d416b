"""Rollouts over a catalog: what rows come to, what is told of them, and what is staged of them."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from paragon_sync.catalog.resolve import Resolver
from paragon_sync.errors import ManifestError, UsageError
from paragon_sync.jsonvalue import Json, Number
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.model.catalog import Catalog, Input, Integration, Workflow
from paragon_sync.model.compact import CompactDocument, CompactWorkflow
from paragon_sync.model.declared import AccountBy, ConfigurationBy, Content
from paragon_sync.model.desired import (
    Default,
    DesiredDocument,
    Filled,
    Intent,
    MetadataKey,
    Set,
    Setting,
    Target,
    WorkflowEnabled,
    WorkflowSetting,
)
from paragon_sync.run.desired.filters import Filters
from paragon_sync.run.desired.loading import Desired, load, load_step_by_step
from paragon_sync.run.progress import Progress, Stage
from tests import postgres

NOW = datetime(2026, 3, 14, tzinfo=UTC)
SLACK = Integration(
    type="slack",
    id="int-slack",
    inputs=(
        Input(id="channel", title="Channel", type="TEXT_NO_VARS"),
        Input(id="frequency", title="Frequency", type="ENUM", values=("daily", "weekly")),
        Input(id="size", title="Size", type="NUMBER"),
    ),
    workflows=(Workflow(id="wf-1", description="Digest", inputs=(Input(id="day", title="Day", type="TEXT_NO_VARS"),)),),
)
CATALOG = Catalog(project="p", pulled="2026-03-14T00:00:00+00:00", origin="test", integrations={"slack": SLACK})
HEAD = "apiVersion: paragon-sync/v1\nkind: Rollout\nname: all\n"
CSV = "user,channel,frequency\nacme,C1,daily\nglobex,C2,weekly\n"


@contextmanager
def loaded(
    folder: Path, *, catalog: Catalog | None = CATALOG, filters: Filters | None = None, **texts: str
) -> Iterator[Desired]:
    """What the manifests ask for that are ``texts``, by their names without the suffix; ``csv`` is a roster."""
    if "csv" in texts:
        (folder / "eu.csv").write_text(texts.pop("csv"))
    files = [folder / f"{name}.yaml" for name in texts]
    for file, text in zip(files, texts.values(), strict=True):
        file.write_text(text)
    resolver = None if catalog is None else Resolver(catalog, now=NOW)
    scope = SecretScope(
        folder=folder, env=frozenset({"URL"}), roster_urls=("postgresql:///test*",), environ={"URL": "unset"}
    )
    desired = load(sorted(files), scope, resolver, filters or Filters())
    try:
        yield desired
    finally:
        desired.staging.close()


def problems(folder: Path, **texts: str) -> list[str]:
    with pytest.raises(ManifestError) as caught, loaded(folder, **texts):
        """What is wrong is told before there is anything to see."""
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


def claims(document: DesiredDocument) -> dict[Target, Intent]:
    return {
        claim.target: claim.intent
        for layer in document.layers
        for claim in (*layer.metadata, *(claim for block in layer.blocks for claim in block.claims))
    }


def staged(desired: Desired) -> list[object]:
    return [one for _, documents in desired.groups() for one in documents]


def test_a_row_is_staged_by_its_values_and_read_as_a_document(tmp_path: Path) -> None:
    text = f"""{HEAD}users: {{csv: eu.csv}}
metadata: {{plan: pro, id: "{{{{ user }}}}"}}
integrations:
  slack:
    account: {{providerId: "T-{{{{ row.channel }}}}"}}
    configuration: {{id: "{{{{ row.channel }}}}"}}
    settings: {{Channel: "{{{{ row.channel }}}}", Size: 5}}
    defaults: {{frequency: "{{{{ row.frequency }}}}"}}
    workflows: {{Digest: {{enabled: "{{{{ row.channel == 'C1' }}}}", settings: {{Day: "{{{{ row.frequency }}}}"}}}}}}
"""
    with loaded(tmp_path, csv=CSV, rollout=text) as desired:
        assert [("acme", 2), ("globex", 3)] == [
            (one.user, one.number) for one in staged(desired) if isinstance(one, Filled)
        ]
        (document,) = desired.documents_of("globex")
        (block,) = document.layers[0].blocks
    assert (AccountBy(field="providerId", value="T-C2"), ConfigurationBy(field="id", value="C2")) == (
        block.account,
        block.configuration,
    )
    assert (f"{tmp_path}/eu.csv:3", "rollout all") == (document.row, document.layers[0].source)
    assert claims(document) == {
        MetadataKey("plan"): Set("pro"),
        MetadataKey("id"): Set("globex"),
        Setting("channel"): Set("C2"),
        Setting("size"): Set(5),
        Setting("frequency"): Default("weekly"),
        WorkflowEnabled("wf-1"): Set(value=False),
        WorkflowSetting("wf-1", "day"): Set("weekly"),
    }


def test_what_all_rows_share_is_the_same_object_for_all(tmp_path: Path) -> None:
    text = (
        HEAD + 'users: [acme, globex]\nintegrations: {slack: {settings: {Channel: C1}}}\nmetadata: {id: "{{ user }}"}'
    )
    with loaded(tmp_path, rollout=text) as desired:
        one, other = (desired.documents_of(user)[0].layers[0] for user in ("acme", "globex"))
    assert one.blocks[0] is other.blocks[0]
    assert one.metadata != other.metadata


def test_a_number_keeps_its_text_on_its_way_through_the_disk(tmp_path: Path) -> None:
    (tmp_path / "r.ndjson").write_text('{"user": "acme", "n": 1.10}\n{"user": "globex", "n": 1e400}\n')
    text = HEAD + 'users: {ndjson: r.ndjson}\nmetadata: {n: "{{ row.n }}"}'
    with loaded(tmp_path, rollout=text) as desired:
        found = [claims(desired.documents_of(user)[0])[MetadataKey("n")] for user in ("acme", "globex")]
    assert [Set(Number("1.10")), Set(Number("1e400"))] == found


def test_a_name_from_a_row_makes_a_document_of_it(tmp_path: Path) -> None:
    text = HEAD + 'users: {csv: eu.csv}\nintegrations: {slack: {unset: ["{{ row.channel }}"]}}'
    with loaded(tmp_path, csv="user,channel\nacme,Size\n", rollout=text) as desired:
        (row,) = staged(desired)
        assert isinstance(row, Filled)
        assert isinstance(row.values, Content)
        assert {"integrations"} == row.values.sections.keys()  # nothing that all rows share but that
        (document,) = desired.documents_of("acme")
        assert [Setting("size")] == list(claims(document))
        assert f"{tmp_path}/eu.csv:2" == document.row
        block = ("slack", "only", "default", {}, {"size": "unset"}, {}, None)
        assert [[({}, (block,), ())]] == [desired.reading.compact(rows) for _, rows in desired.groups()]


def test_rows_are_read_in_compact_form_too(tmp_path: Path) -> None:
    text = f"""{HEAD}users: {{csv: eu.csv}}
metadata: {{f: "{{{{ row.frequency }}}}"}}
integrations:
  slack:
    account: {{providerId: "T-{{{{ row.channel }}}}"}}
    configuration: "{{{{ row.channel }}}}"
    settings: {{Size: 5}}
    defaults: {{Channel: "{{{{ row.channel }}}}"}}
    workflows: {{Digest: "{{{{ row.channel == 'C1' }}}}"}}
"""
    with loaded(tmp_path, csv=CSV, rollout=text) as desired:
        found = [desired.reading.compact(documents) for _, documents in desired.groups()]

    def expected(frequency: str, channel: str) -> list[CompactDocument]:
        account, configuration = ("providerId", f"T-{channel}"), ("externalId", channel)
        workflows: dict[str, CompactWorkflow] = {"wf-1": (channel == "C1", {}, {})}
        block = ("slack", account, configuration, {"size": 5}, {"channel": (channel, ())}, workflows, None)
        return [({"f": frequency}, (block,), ())]

    assert [expected("daily", "C1"), expected("weekly", "C2")] == found


def test_without_a_catalog_rows_are_looked_at_all_the_same(tmp_path: Path) -> None:
    text = HEAD + 'users: {csv: eu.csv}\nintegrations: {slack: {settings: {Chanel: "{{ row.channel | int(0) + x }}"}}}'
    fixed = text.replace(" + x", " + 1")
    with loaded(tmp_path, catalog=None, csv=CSV, rollout=fixed) as desired:
        assert 2 == len(staged(desired))
    with pytest.raises(ManifestError, match='there is no "x"'), loaded(tmp_path, catalog=None, csv=CSV, rollout=text):
        """Names can't be checked without a catalog, but templates can."""


def test_columns_are_looked_at_even_if_the_first_row_is_broken(tmp_path: Path) -> None:
    found = problems(
        tmp_path, csv="user,plan\nx\nacme,pro\n", rollout=HEAD + 'users: {csv: eu.csv}\nmetadata: {a: "{{ row.b }}"}'
    )
    assert ["eu.csv:2:1", "rollout.yaml:5:15"] == [":".join(one.split(":")[:3]) for one in found]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('metadata: {a: "{{ row.chanel }}"}', ['rollout.yaml:5:15: there is no column "chanel" in the row']),
        (
            'integrations: {slack: {settings: {Frequency: "{{ row.channel }}"}}}',
            [
                'eu.csv:2:1: setting "Frequency" of slack can\'t be "C1": rollout.yaml:5:46',
                'eu.csv:3:1: setting "Frequency" of slack can\'t be "C2": rollout.yaml:5:46',
            ],
        ),
        (
            'integrations: {slack: {settings: {Frequency: "{{ row.code }}"}}}',
            ['eu.csv:2:1: setting "Frequency" of slack must be one of its 2 choices: rollout.yaml:5:46'],
        ),
        (
            'integrations: {slack: {settings: {Chanel: "{{ row.channel }}"}}}',
            ['rollout.yaml:5:35: slack has no setting "Chanel"'],
        ),
        (
            "integrations: {slack: {settings: {Channel: C1}, unset: [channel]}}",
            ["rollout.yaml:5:57: row 2 of the roster"],
        ),
        ("profiles: [nothing]", ['rollout.yaml:5:12: there is no profile "nothing"']),
        ("metadata: {a: \"{{ 1 / (row.channel == 'C1') }}\"}", ["eu.csv:3:1: the template can't be evaluated"]),
    ],
)
def test_what_is_wrong_is_told_where_it_is(tmp_path: Path, body: str, told: list[str]) -> None:
    users = "users: {csv: eu.csv, secret: [code]}"
    csv = "user,channel,code\nacme,C1,s3cret\nglobex,C2,daily\n"
    found = problems(tmp_path, csv=csv, rollout=f"{HEAD}{users}\n{body}")
    assert len(told) == len(found)
    for start, problem in zip(told, found, strict=True):
        assert problem.startswith(start.partition("row 2 of")[0])
    assert "s3cret" not in str(found)


def test_no_more_than_some_rows_are_told_of(tmp_path: Path) -> None:
    csv = "user,channel,frequency\n" + "".join(f"user-{number},C,never\n" for number in range(500))
    text = HEAD + 'users: {csv: eu.csv}\nintegrations: {slack: {settings: {Frequency: "{{ row.frequency }}"}}}'
    found = problems(tmp_path, csv=csv, rollout=text)
    assert 21 == len(found)
    assert any("after 20 problems no more rows were looked at" in problem for problem in found)


def test_no_more_than_some_contradictions_are_told(tmp_path: Path) -> None:
    csv = "user,channel,frequency\n" + "".join(f"user-{number},C,never\n" for number in range(500))
    other = HEAD.replace("all", "other") + "users: {csv: eu.csv}\nmetadata: {a: 2}"
    found = problems(tmp_path, csv=csv, rollout=HEAD + "users: {csv: eu.csv}\nmetadata: {a: 1}", second=other)
    assert 100 < len(found) < 110
    assert any("no more are looked for" in problem for problem in found)


def test_a_contradiction_names_row_and_document(tmp_path: Path) -> None:
    user = "apiVersion: paragon-sync/v1\nkind: User\nuser: globex\nmetadata: {f: daily}"
    text = HEAD + 'users: {csv: eu.csv}\nmetadata: {f: "{{ row.frequency }}"}'
    (told,) = problems(tmp_path, csv=CSV, rollout=text, user=user)
    assert told == ('user.yaml:4:12: "f" is set here, and differently elsewhere: rollout.yaml:5:12 for eu.csv:3')


def test_what_contradicts_itself_in_each_row_is_told_once(tmp_path: Path) -> None:
    text = f"""{HEAD}users: {{csv: eu.csv}}
integrations:
  slack: [{{settings: {{Channel: C1}}}}, {{unset: [Channel]}}]
"""
    (told,) = problems(tmp_path, csv=CSV, rollout=text)
    assert told.startswith("rollout.yaml:6:")
    assert "eu.csv:2: slack: " in told


def test_two_rollouts_have_two_names(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, rollout=HEAD + "users: [a]", second=HEAD + "users: [b]")
    assert told.startswith('second.yaml:3:7: rollout "all" is declared twice; first at')


def test_standard_input_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(CSV.encode())))
    (told,) = problems(
        tmp_path,
        rollout=HEAD + 'users: {csv: "-"}',
        second=HEAD.replace("all", "other") + 'users: {csv: "-"}',
    )
    assert told.startswith("second.yaml:4:14: standard input can be read once")


def test_a_plan_is_told_of_how_many_where_is_true(tmp_path: Path) -> None:
    text = HEAD + 'users: {csv: eu.csv}\nwhere: row.channel == "C1"\nmetadata: {a: 1}'
    with loaded(tmp_path, csv=CSV, rollout=text) as desired:
        assert ("rollout all: where is true of 1 of 2 users",) == desired.notes
        assert ["acme"] == list(desired.users())


def test_the_digest_counts_rows(tmp_path: Path) -> None:
    digests = []
    for csv in (CSV, CSV.replace("C2", "C3"), CSV):
        with loaded(tmp_path, csv=csv, rollout=HEAD + "users: {csv: eu.csv}\nmetadata: {a: 1}") as desired:
            digests.append(desired.digest)
    assert digests[0] == digests[2] != digests[1]


@pytest.mark.parametrize(
    ("filters", "users"),
    [
        (Filters(users=("glo*",)), ["globex"]),
        (Filters(integrations=("slack",)), ["acme", "globex"]),
        (Filters(only=frozenset({"acme"})), ["acme"]),
    ],
)
def test_filters_narrow_rollouts(tmp_path: Path, filters: Filters, users: Sequence[str]) -> None:
    text = HEAD + 'users: {csv: eu.csv}\nmetadata: {a: 1}\nintegrations: {slack: {settings: {Channel: "{{ user }}"}}}'
    with loaded(tmp_path, csv=CSV, rollout=text, filters=filters) as desired:
        assert users == list(desired.users())
        (layer,) = desired.documents_of(users[0])[0].layers
        assert bool(layer.metadata) is not bool(filters.integrations)


def test_a_filter_that_no_row_matches_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match="no document is about such a user"),
        loaded(tmp_path, csv=CSV, rollout=HEAD + "users: {csv: eu.csv}", filters=Filters(users=("initech",))),
    ):
        """Nothing is loaded."""


def test_a_roster_that_is_packed_or_in_a_database_is_like_any_other(
    tmp_path: Path, postgres_server: postgres.Server
) -> None:
    (tmp_path / "r.csv.gz").write_bytes(gzip.compress(CSV.encode()))
    url = postgres_server.new_database()
    query = (
        "SELECT * FROM (VALUES ('acme', 'C1', 'daily'), ('globex', 'C2', 'weekly'))"
        ' AS t (\\"user\\", channel, frequency) ORDER BY 1'
    )
    body = 'integrations: {slack: {settings: {Channel: "{{ row.channel }}", Frequency: "{{ row.frequency }}"}}}'
    found: list[list[dict[Target, Intent]]] = []
    for users in ("{csv: r.csv.gz}", f'{{sql: "{query}", url: "{url}"}}'):
        with loaded(tmp_path, rollout=f"{HEAD}users: {users}\n{body}") as desired:
            found.append([claims(desired.documents_of(user)[0]) for user in desired.users()])
    assert found[0] == found[1]
    assert 2 == len(found[0])


def test_values_that_only_careful_reading_takes_are_taken(tmp_path: Path) -> None:
    """``all`` as a configuration's name means all of them, whoever says so."""
    text = (
        HEAD + 'users: {csv: eu.csv}\nintegrations: {slack: {configuration: "{{ row.channel }}", settings: {Size: 1}}}'
    )
    with loaded(tmp_path, csv="user,channel\nacme,all\n", rollout=text) as desired:
        (block,) = desired.documents_of("acme")[0].layers[0].blocks
    assert "all" == block.configuration


def test_a_value_of_a_setting_named_by_id_is_taken_as_it_stands(tmp_path: Path) -> None:
    text = HEAD + 'users: {csv: eu.csv}\nintegrations: {slack: {settings: {"id:frequency": "{{ row.channel }}"}}}'
    with loaded(tmp_path, csv=CSV, rollout=text) as desired:
        value: Json = "C1"
        assert {Setting("frequency"): Set(value)} == claims(desired.documents_of("acme")[0])


def test_rows_of_other_users_are_not_looked_at_where_no_plan_is_written(tmp_path: Path) -> None:
    rows = "user,channel,frequency\nacme,C1,daily\nglobex,C2,never\n"
    value = "{slack: {settings: {Frequency: '{{ row.frequency }}'}}}"
    text = f"{HEAD}users: {{csv: eu.csv}}\nintegrations: {value}\n"
    with loaded(tmp_path, csv=rows, all=text, filters=Filters(only=frozenset({"acme"}), checks_all=False)) as desired:
        assert ["acme"] == list(desired.users())
    with pytest.raises(ManifestError, match="never"), loaded(tmp_path, csv=rows, all=text):
        """It must not come to this."""


def test_progress_counts_rows_whoever_they_are_about(tmp_path: Path) -> None:
    roster = "user,channel\n" + "".join(f"user-{number},C\n" for number in range(200))
    (tmp_path / "eu.csv").write_text(roster)
    file = tmp_path / "all.yaml"
    user = "---\napiVersion: paragon-sync/v1\nkind: User\nuser: acme\n"
    file.write_text(f"{HEAD}users: {{csv: eu.csv}}\nwhere: row.user == 'user-7'\n{user}")
    progress = Progress()
    steps = load_step_by_step(
        [file], SecretScope(folder=tmp_path), Resolver(CATALOG, now=NOW), Filters(users=("acme", "user-7")), progress
    )

    seen = [(user, progress.standing()) for user in steps]

    assert [(user, standing and standing.parts) for user, standing in seen] == [
        ("user-7", {"user": 0, "row": 8}),
        ("acme", {"user": 1, "row": 200}),
    ]
    standing = progress.standing()
    assert standing is not None
    assert (standing.stage, standing.done) == (Stage.CHECKING, 2)
