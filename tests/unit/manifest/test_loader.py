"""From files to documents: which files, which nouns, which problems."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from paragon_sync.errors import ManifestError, Problem
from paragon_sync.manifest.files import find_files
from paragon_sync.manifest.loader import Flawed, check_profiles, iter_documents
from paragon_sync.manifest.project import load_project
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.model.declared import (
    AccountBy,
    Block,
    ConfigurationBy,
    Declared,
    Fragment,
    Place,
    Profile,
    Settings,
    User,
    WorkflowBlock,
)
from paragon_sync.model.document import Document
from paragon_sync.model.project import Project

HEAD = "apiVersion: paragon-sync/v1\nkind: User\nuser: acme\n"
PROFILE = "apiVersion: paragon-sync/v1\nkind: Profile\nname: {}\n"


def load(folder: Path, text: str, name: str = "users.yaml", **environ: str) -> list[Document | Problem]:
    file = folder / name
    file.write_text(text)
    scope = SecretScope(folder=folder, env=frozenset({"TOKEN"}), environ=environ)
    return [item for item in iter_documents([file], scope) if not isinstance(item, Flawed)]


def user(folder: Path, text: str, **environ: str) -> User:
    (document,) = load(folder, HEAD + text, **environ)
    assert isinstance(document, User)
    return document


def test_a_whole_document_becomes_its_noun(tmp_path: Path) -> None:
    file = str(tmp_path / "users.yaml")

    def at(*pointer: str, of_key: bool = False) -> Place:
        return Place(file=file, pointer=pointer, of_key=of_key)

    document = user(
        tmp_path,
        """\
metadata: {plan: null}
profiles: [standard, extra]
release: [tier]
integrations:
  slack:
    settings: {Channel: C1}
    defaults: {Mode: {a: [1]}}
    unset: [Old]
    keep: [Own]
    release: [Theirs]
    blank: [null, ""]
    exact: true
    workflows:
      Digest: false
      Notify: {enabled: true, settings: {Day: monday}, exact: true}
      Bare: {release: [Hour]}
""",
    )
    slack = ("integrations", "slack")
    assert document == User(
        user="acme",
        place=at(),
        profiles=("standard", "extra"),
        fragment=Fragment(
            release={"tier": at("release", "0")},
            metadata={"plan": Declared(value=None, place=at("metadata", "plan"))},
            blocks=(
                Block(
                    integration="slack",
                    place=at(*slack, of_key=True),
                    settings=Settings(
                        settings={"Channel": Declared(value="C1", place=at(*slack, "settings", "Channel"))},
                        defaults={"Mode": Declared(value={"a": [1]}, place=at(*slack, "defaults", "Mode"))},
                        unset={"Old": at(*slack, "unset", "0")},
                        keep={"Own": at(*slack, "keep", "0")},
                        release={"Theirs": at(*slack, "release", "0")},
                        blank=(None, ""),
                        exact=True,
                    ),
                    workflows={
                        "Digest": WorkflowBlock(
                            place=at(*slack, "workflows", "Digest", of_key=True),
                            enabled=Declared(value=False, place=at(*slack, "workflows", "Digest")),
                        ),
                        "Notify": WorkflowBlock(
                            place=at(*slack, "workflows", "Notify", of_key=True),
                            enabled=Declared(value=True, place=at(*slack, "workflows", "Notify", "enabled")),
                            settings=Settings(
                                settings={
                                    "Day": Declared(
                                        value="monday", place=at(*slack, "workflows", "Notify", "settings", "Day")
                                    )
                                },
                                exact=True,
                            ),
                        ),
                        "Bare": WorkflowBlock(
                            place=at(*slack, "workflows", "Bare", of_key=True),
                            settings=Settings(release={"Hour": at(*slack, "workflows", "Bare", "release", "0")}),
                        ),
                    },
                ),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("text", "account", "configuration"),
    [
        ("{}", "only", "default"),
        ("{account: {externalId: crm}}", AccountBy(field="externalId", value="crm"), "default"),
        ("{account: {providerId: '5'}}", AccountBy(field="providerId", value="5"), "default"),
        ("{account: {credentialId: c}}", AccountBy(field="credentialId", value="c"), "default"),
        ("{account: {all: true}, configuration: all}", "all", "all"),
        ("{configuration: team-b}", "only", ConfigurationBy(field="externalId", value="team-b")),
        ("{configuration: {id: x}}", "only", ConfigurationBy(field="id", value="x")),
        ("{configuration: {externalId: all}}", "only", ConfigurationBy(field="externalId", value="all")),
    ],
)
@pytest.mark.parametrize("form", ["integrations: {{slack: {}}}", "integrations: {{slack: [{}]}}"])
def test_selectors_stand_in_a_block_or_in_a_list_of_blocks(
    tmp_path: Path, form: str, text: str, account: object, configuration: object
) -> None:
    (block,) = user(tmp_path, form.format(text)).fragment.blocks
    assert (account, configuration) == (block.account, block.configuration)


def test_a_list_of_blocks_gives_one_for_each(tmp_path: Path) -> None:
    document = user(tmp_path, "integrations: {slack: [{exact: true}, {configuration: all}], gong: {}}")
    assert [("slack", "0"), ("slack", "1"), ("gong",)] == [
        block.place.pointer[1:] for block in document.fragment.blocks
    ]


def test_secrets_and_templates_are_followed(tmp_path: Path) -> None:
    text = 'template: true\nmetadata: {a: {b: [{$env: TOKEN}]}, c: "{{ user }}", d: {$literal: {$env: X}}}\n'
    metadata = user(tmp_path, text, TOKEN="t0ken").fragment.metadata
    assert {"a": {"b": ["t0ken"]}, "c": "acme", "d": {"$env": "X"}} == {
        key: declared.value for key, declared in metadata.items()
    }
    assert [True, False, False] == [declared.secret for declared in metadata.values()]


def test_without_template_true_everything_is_literal(tmp_path: Path) -> None:
    metadata = user(tmp_path, 'metadata: {greeting: "Hi {{first_name}}"}').fragment.metadata
    assert metadata["greeting"].value == "Hi {{first_name}}"


def test_documents_come_as_a_stream_with_problems_between_them(tmp_path: Path) -> None:
    text = "---\n".join([HEAD, "kind: Usr\n", PROFILE.format("standard"), HEAD + "metdata: {}\n", HEAD])
    told = [type(item).__name__ for item in load(tmp_path, text)]
    assert told == ["User", "Problem", "Profile", "Problem", "User"]


def test_ndjson_gives_the_same_documents(tmp_path: Path) -> None:
    (from_yaml,) = load(tmp_path, HEAD + "metadata: {plan: free}\n", "a.yaml")
    (from_json,) = load(
        tmp_path,
        '{"apiVersion":"paragon-sync/v1","kind":"User","user":"acme","metadata":{"plan":"free"}}\n',
        "a.ndjson",
    )
    assert isinstance(from_yaml, User)
    assert isinstance(from_json, User)
    assert (from_yaml.user, from_yaml.fragment.metadata["plan"].value) == (
        from_json.user,
        from_json.fragment.metadata["plan"].value,
    )


def test_a_kind_that_is_no_text_is_told_too(tmp_path: Path) -> None:
    (problem,) = load(tmp_path, "kind: [User]\n")
    assert isinstance(problem, Problem)
    assert (problem.message, problem.hint) == ("the kind must be one word", "one of User, Profile, Rollout, Migration")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "users" / "eu").mkdir(parents=True)
    (tmp_path / "empty").mkdir()
    for name in ("users/a.yaml", "users/eu/b.yml", "users/c.ndjson", "users/notes.txt", "profiles.yaml"):
        (tmp_path / name).write_text(HEAD)
    file = tmp_path / "paragon.yaml"
    file.write_text(
        "apiVersion: paragon-sync/v1\nkind: Project\nmanifests: [users/**/*.yaml, users/**/*.y*ml, nothing/*.yaml]\n"
        "environments: {e: {host: 'emulator:x'}}\n"
    )
    return load_project(file)


def named(project: Project, files: list[Path]) -> list[str]:
    return [file.relative_to(project.folder).as_posix() for file in files]


def test_a_pattern_that_matches_nothing_is_an_error_at_its_place(project: Project) -> None:
    with pytest.raises(ManifestError) as caught:
        find_files(project)
    (problem,) = caught.value.problems
    assert (3, 47, 'the pattern "nothing/*.yaml" matches no file') == (problem.line, problem.column, problem.message)


@pytest.mark.parametrize("pattern", ["users/**a/*.yaml", "/users/*.yaml", "x" * 300])
def test_what_is_no_pattern_is_told(project: Project, pattern: str) -> None:
    with pytest.raises(ManifestError) as caught:
        find_files(replace(project, manifests=(pattern,)))
    (problem,) = caught.value.problems
    assert problem.message.startswith(f'the pattern "{pattern}" is none: ')


def test_patterns_give_each_file_once_and_sorted(project: Project) -> None:
    (project.folder / "nothing").mkdir()
    (project.folder / "nothing" / "d.yaml").write_text(HEAD)
    assert named(project, find_files(project)) == ["nothing/d.yaml", "users/a.yaml", "users/eu/b.yml"]


def test_paths_take_the_place_of_patterns(project: Project) -> None:
    folder = project.folder
    files = find_files(project, [folder / "profiles.yaml", str(folder / "users"), folder / "users" / "a.yaml"])
    assert named(project, files) == ["profiles.yaml", "users/a.yaml", "users/c.ndjson", "users/eu/b.yml"]


def test_every_path_that_is_not_there_is_told(project: Project) -> None:
    with pytest.raises(ManifestError) as caught:
        find_files(project, [project.folder / "gone.yaml", project.folder / "empty"])
    assert [problem.message for problem in caught.value.problems] == [
        "there is no such file or folder",
        "there is no manifest in this folder",
    ]


@pytest.mark.parametrize(("name", "hint"), [("p.plan", "paragon-sync plan --out FILE saves one"), ("a.yaml", "None")])
def test_what_may_have_been_meant_for_a_plan_is_told_as_such(name: str, hint: str, project: Project) -> None:
    with pytest.raises(ManifestError) as caught:
        find_files(project, [project.folder / name])
    assert hint in str(caught.value.problems[0].hint)


def test_a_manifest_cannot_come_through_standard_input(project: Project) -> None:
    with pytest.raises(ManifestError) as caught:
        find_files(project, ["-"])
    assert ['only a roster can come through standard input: users: {ndjson: "-"}'] == [
        problem.hint for problem in caught.value.problems
    ]


def test_profiles_are_declared_once_and_known(tmp_path: Path) -> None:
    text = "---\n".join(
        [PROFILE.format("standard"), PROFILE.format("standard"), HEAD + "profiles: [standard, standrad, other]\n"]
    )
    items = load(tmp_path, text)
    faults = check_profiles(
        [item for item in items if isinstance(item, Profile)], [item for item in items if isinstance(item, User)]
    )
    assert [(fault.place.document, fault.place.pointer, fault.message, fault.hint) for fault in faults] == [
        (
            1,
            ("name",),
            f'profile "standard" is declared twice; first at {tmp_path}/users.yaml:3:7',
            "rename or remove one",
        ),
        (2, ("profiles", "1"), 'there is no profile "standrad"', 'did you mean "standard"?'),
        (2, ("profiles", "2"), 'there is no profile "other"', "known profiles: standard"),
    ]


def test_without_any_profile_the_hint_says_so(tmp_path: Path) -> None:
    (fault,) = check_profiles([], [user(tmp_path, "profiles: [standard]\n")])
    assert fault.hint == "known profiles: none"


def test_a_flawed_document_is_given_to_find_more_and_says_what_has_been_told(tmp_path: Path) -> None:
    file = tmp_path / "users.yaml"
    file.write_text(HEAD + "metadata:\n  plan: ~\n  tier: gold\n")

    problem, flawed = iter_documents([file], SecretScope(folder=tmp_path))

    assert isinstance(problem, Problem)
    assert isinstance(flawed, Flawed)
    assert flawed.told == {("metadata", "plan")}
    assert isinstance(flawed.document, User)
    assert list(flawed.document.fragment.metadata) == ["plan", "tier"]
