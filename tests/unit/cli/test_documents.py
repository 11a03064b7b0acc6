"""Files and folders to documents."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from headrace.cli.documents import BadDocument, read_document, read_paths
from headrace.settings import Settings
from tests.unit.cli.documents import flow_document


def names(*paths: Path, parameters: Mapping[str, str] | None = None) -> list[str]:
    return [each.name for each in read_paths(paths, parameters or {}, Settings(data=Path("unused"))).documents]


def put(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), "utf-8")
    return path


def test_a_folder_stands_for_its_documents_and_says_what_it_passed_over(tmp_path: Path) -> None:
    put(tmp_path / "b.json", flow_document(flowName="second"))
    put(tmp_path / "a" / "x.yaml", flow_document(flowName="first"))
    put(tmp_path / "package.json", {"name": "x"})
    put(tmp_path / ".git" / "x.json", flow_document(flowName="hidden"))
    (tmp_path / "readme.txt").write_text("no", "utf-8")

    found = read_paths([tmp_path], {}, Settings(data=Path("unused")))

    assert [each.name for each in found.documents] == ["first", "second"]
    assert found.passed_over == (tmp_path / "package.json",)


def test_a_file_that_is_asked_for_by_name_must_be_a_document(tmp_path: Path) -> None:
    with pytest.raises(BadDocument, match=r"package\.json:1: this is no document that headrace reads"):
        names(put(tmp_path / "package.json", {"name": "x"}))


def test_the_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    put(tmp_path / "a.json", flow_document(flowName=5))
    put(tmp_path / "b.json", flow_document(tasks="x"))

    with pytest.raises(BadDocument) as caught:
        names(tmp_path, tmp_path / "none.json")

    assert [Path(fault.partition(":")[0]).name for fault in caught.value.faults] == ["a.json", "b.json", "none.json"]


def test_what_two_files_define_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "a.json", flow_document())
    put(tmp_path / "b.json", flow_document())

    with pytest.raises(BadDocument, match=r"b\.json:1: the flow people is in .*a\.json:1 too"):
        names(tmp_path)


def test_a_file_of_several_flows_is_not_one(tmp_path: Path) -> None:
    path = put(tmp_path / "a.json", [flow_document(), flow_document(flowName="others")])

    with pytest.raises(BadDocument, match=r"2 flows in it \(people, others\); `headrace convert` writes"):
        read_document(path, Settings(data=Path("unused")), {})


def test_an_output_of_the_cdk_stands_for_its_templates_and_their_environments(tmp_path: Path) -> None:
    def template(name: Any) -> dict[str, Any]:
        return {"Resources": {"F": {"Type": "AWS::AppFlow::Flow", "Properties": {"FlowName": name}}}}

    def stack(file: str, environment: str) -> dict[str, Any]:
        return {
            "type": "aws:cloudformation:stack",
            "environment": environment,
            "properties": {"templateFile": file},
        }

    stage = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "stage"}}
    artifacts = {
        "A": stack("a.template.json", "aws://111111111111/eu-west-1"),
        "S": stage,
        "T": {"type": "cdk:tree"},
    }
    put(tmp_path / "manifest.json", {"version": "55.0.0", "artifacts": artifacts})
    put(tmp_path / "a.template.json", template({"Fn::Sub": "${AWS::Region}-${AWS::AccountId}"}))
    inner = {"B": stack("b.template.json", "aws://unknown-account/unknown-region")}
    put(tmp_path / "stage" / "manifest.json", {"version": "55.0.0", "artifacts": inner})
    put(tmp_path / "stage" / "b.template.json", template({"Ref": "AWS::Region"}))
    put(tmp_path / "asset.abc" / "package.json", template("none of it"))

    assert names(tmp_path) == ["eu-west-1-111111111111", "us-east-1"]
    assert names(tmp_path, parameters={"AWS::AccountId": "1"}) == ["eu-west-1-1", "us-east-1"]


def test_a_manifest_that_is_none_leaves_the_folder_a_folder(tmp_path: Path) -> None:
    put(tmp_path / "manifest.json", {"name": "an extension of a browser"})
    put(tmp_path / "a.json", flow_document())

    assert names(tmp_path) == ["people"]


def test_a_parameter_that_no_document_has_is_refused(tmp_path: Path) -> None:
    plain = put(tmp_path / "a.json", flow_document())
    with pytest.raises(BadDocument, match="--parameter Stagee: no document has a parameter"):
        names(plain, parameters={"Stagee": "live"})


def test_a_parameter_that_only_another_part_of_a_template_needs_is_taken(tmp_path: Path) -> None:
    resources = {"Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}}}}
    path = put(tmp_path / "t.json", {"Parameters": {"Vpc": {"Type": "String"}}, "Resources": resources})
    given = {"Vpc": "vpc-1", "Subnet": "subnet-1", "Subnet.Az": "a", "AWS::StackName": "x"}
    assert names(path, parameters=given) == []
    with pytest.raises(BadDocument, match="--parameter Vcp"):
        names(path, parameters={"Vcp": "vpc-1"})


def test_a_parameter_of_one_of_several_files_is_taken(tmp_path: Path) -> None:
    put(tmp_path / "a.json", flow_document())
    put(tmp_path / "t.json", {"Parameters": {"Vpc": {"Type": "String"}}, "Resources": {}})
    assert names(tmp_path, parameters={"Vpc": "vpc-1"}) == ["people"]
