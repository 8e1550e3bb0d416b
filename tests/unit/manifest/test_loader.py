"""From files to documents: which files, which nouns, which problems."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from paragon_sync.errors import ManifestError, Problem
from paragon_sync.manifest import schema
from paragon_sync.manifest.files import find_files
from paragon_sync.manifest.loader import Flawed, check_profiles, content_again, iter_documents
from paragon_sync.manifest.project import load_project
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.model.compact import CompactUserDocument
from paragon_sync.model.declared import Content, Place, Profile, User
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
    text = """\
metadata: {plan: null}
profiles: [standard, extra]
release: [tier]
integrations:
  slack:
    settings: {Channel: C1}
    workflows: {Digest: false}
"""
    document = user(tmp_path, text)
    sections = {
        "apiVersion": "paragon-sync/v1",
        "kind": "User",
        "user": "acme",
        "metadata": {"plan": None},
        "profiles": ["standard", "extra"],
        "release": ["tier"],
        "integrations": {"slack": {"settings": {"Channel": "C1"}, "workflows": {"Digest": False}}},
    }
    file = str(tmp_path / "users.yaml")
    assert document == User("acme", Content(file, 0, sections), ("standard", "extra"), HEAD + text)
    assert document.place == Place(file=file)


def test_secrets_and_templates_are_followed(tmp_path: Path) -> None:
    text = 'template: true\nmetadata: {a: {b: [{$env: TOKEN}]}, c: "{{ user }}", d: {$literal: {$env: X}}}\n'
    content = user(tmp_path, text, TOKEN="t0ken").content
    assert {"a": {"b": ["t0ken"]}, "c": "acme", "d": {"$env": "X"}} == content.sections["metadata"]
    assert {("metadata", "a")} == content.secret


def test_a_secret_is_followed_however_its_reference_is_written(tmp_path: Path) -> None:
    head = '{"apiVersion":"paragon-sync/v1","kind":"User","user":"acme",'
    block = '"integrations":{"slack":[{"workflows":{"w":{"defaults":{"d":{"\\u0024env":"TOKEN"}}}}}]}}\n'
    (document,) = load(tmp_path, head + block, "users.ndjson", TOKEN="t0ken")
    assert isinstance(document, User)
    defaults = ("integrations", "slack", "0", "workflows", "w", "defaults", "d")
    assert {defaults} == document.content.secret
    assert "t0ken" in str(document.content.sections)


@pytest.mark.parametrize(
    "text",
    [
        "metadata: {plan: pro}\n",
        "metadata: {a: {$env: TOKEN}}\n",
        "template: true\nmetadata: {a: '{{ user }}', b: {$env: TOKEN}}\n",
        "metadata: {a: b}  # x\ty\n",  # not read the fast way
    ],
)
def test_a_document_that_was_staged_is_read_again_from_its_text(tmp_path: Path, text: str) -> None:
    scope = SecretScope(folder=tmp_path, env=frozenset({"TOKEN"}), environ={"TOKEN": "t0ken"})
    document = user(tmp_path, text, TOKEN="t0ken")
    (tmp_path / "users.yaml").unlink()
    file, number, _, _ = document.content
    staged = CompactUserDocument(document.user, file, number, (), ({}, (), ()), document.text)
    assert document.content == content_again(staged, scope)


def test_a_profile_releases_nothing(tmp_path: Path) -> None:
    text = PROFILE.format("standard") + "integrations: {slack: {release: [a], workflows: {w: {release: [b]}}}}\n"
    found = [(item.message, item.column) for item in load(tmp_path, text) if isinstance(item, Problem)]
    assert [(schema.NOTHING_TO_RELEASE, column) for column in (24, 54)] == found


def test_what_the_schema_refuses_is_left_out_of_a_flawed_document(tmp_path: Path) -> None:
    text = """\
integrations:
  slack: [3, {settings: [], unset: {}, keep: [1, a], workflows: {v: 3, w: {enabled: 1, defaults: x}}, account: a}]
  gong: {workflows: [], configuration: 7, settings: {a: 1}}
metadata: 5
"""
    file = tmp_path / "users.yaml"
    file.write_text(HEAD + text)
    *_, flawed = iter_documents([file], SecretScope(folder=tmp_path))
    assert isinstance(flawed, Flawed)
    assert isinstance(flawed.document, User)
    sections = flawed.document.content.sections
    assert "metadata" not in sections
    assert sections["integrations"] == {
        "slack": [{}, {"keep": [1, "a"], "workflows": {"v": {}, "w": {}}}],
        "gong": {"settings": {"a": 1}},
    }


def test_without_template_true_everything_is_literal(tmp_path: Path) -> None:
    content = user(tmp_path, 'metadata: {greeting: "Hi {{first_name}}"}').content
    assert content.sections["metadata"] == {"greeting": "Hi {{first_name}}"}


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
    assert (from_yaml.user, from_yaml.content.sections) == (from_json.user, from_json.content.sections)


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
    assert flawed.document.content.sections["metadata"] == {"plan": "~", "tier": "gold"}
