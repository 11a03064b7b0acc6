"""What a template's names stand for: parameters, pseudo parameters, and resources that are not made here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from headrace.documents.parameters import is_true, listed, said, wrong_with
from headrace.documents.tree import Listed, Mapped, Node, Scalar, member, planted, text_of

_AWS_SSM = "AWS::SSM::Parameter::Value"
# The parts of AWS that have their own name in ARNs, by how their regions begin.
_PARTITIONS = (("cn-", "aws-cn", "amazonaws.com.cn"), ("us-gov-", "aws-us-gov", "amazonaws.com"))


class _Type(NamedTuple):
    """The property that names such a resource, and its ARN with {partition}, {region}, {account}, {name}."""

    name: str
    arn: str


FLOW, PROFILE, CONNECTOR = "AWS::AppFlow::Flow", "AWS::AppFlow::ConnectorProfile", "AWS::AppFlow::Connector"
_TYPES: Mapping[str, _Type] = {
    FLOW: _Type("FlowName", "arn:{partition}:appflow:{region}:{account}:flow/{name}"),
    PROFILE: _Type("ConnectorProfileName", "arn:{partition}:appflow:{region}:{account}:connectorprofile/{name}"),
    CONNECTOR: _Type("ConnectorLabel", "arn:{partition}:appflow:{region}:{account}:connector/{name}"),
    "AWS::S3::Bucket": _Type("BucketName", "arn:{partition}:s3:::{name}"),
    "AWS::IAM::Role": _Type("RoleName", "arn:{partition}:iam::{account}:role/{name}"),
    "AWS::KMS::Key": _Type("", "arn:{partition}:kms:{region}:{account}:key/{name}"),
    "AWS::Lambda::Function": _Type("FunctionName", "arn:{partition}:lambda:{region}:{account}:function:{name}"),
    "AWS::Serverless::Function": _Type("FunctionName", "arn:{partition}:lambda:{region}:{account}:function:{name}"),
    "AWS::SecretsManager::Secret": _Type("Name", "arn:{partition}:secretsmanager:{region}:{account}:secret:{name}"),
    "AWS::Glue::Database": _Type("", "arn:{partition}:glue:{region}:{account}:database/{name}"),
    "AWS::Events::EventBus": _Type("Name", "arn:{partition}:events:{region}:{account}:event-bus/{name}"),
}
# What !Ref gives for these is the ARN.
_REFERRED_BY_ARN = frozenset({"AWS::SecretsManager::Secret"})
# The CDK's constructs of schedules: each attribute is the property of its name, moved into the future where it is past.
_ECHOING = frozenset({"Custom::FlowTimeUpdater"})
_ARNS = frozenset({"Arn", "FlowArn", "ConnectorProfileArn", "ConnectorArn"})


class Stack:
    """The sections of a template, and the values given for it."""

    def __init__(self, root: Mapped, values: Mapping[str, str]) -> None:
        self.values = values
        self.resources = _section(root, "Resources")
        self.parameters = _section(root, "Parameters")
        self.mappings = _section(root, "Mappings")
        self.conditions = _section(root, "Conditions")
        # What is given for a part of the template that no flow needs was asked for all the same.
        for name in values:
            known = name.partition(".")[0] in self.resources or name in self.parameters or name.startswith("AWS::")
            _ = known and name in values

    def type_of(self, resource: str) -> str:
        """The type of the resource with this logical id, "" where there is none."""
        return text_of(member(self.resources.get(resource), "Type")) or ""

    def name_property(self, resource: str) -> Node | None:
        """What names the resource in the template, before functions are worked out."""
        known = _TYPES.get(self.type_of(resource))
        properties = member(self.resources.get(resource), "Properties")
        if self.type_of(resource) == "AWS::Glue::Database":
            return member(member(properties, "DatabaseInput"), "Name")
        return member(properties, known.name) if known else None

    def referred(self, resource: str, name: str | None) -> str | None:
        """What !Ref of a resource with this name gives, None where the template can't say it."""
        given = self.values.get(resource)
        if given is not None or self.type_of(resource) not in _TYPES:
            return given
        if self.type_of(resource) in _REFERRED_BY_ARN:
            return self.attribute(resource, "Arn", name)
        return name or self._invented(resource)

    def attribute(self, resource: str, attribute: str, name: str | None) -> str | None:
        """What !GetAtt of a resource with this name gives, None where the template can't say it."""
        given = self.values.get(f"{resource}.{attribute}")
        known = _TYPES.get(self.type_of(resource))
        if given is not None or known is None or attribute not in _ARNS:
            return given
        return known.arn.format(
            partition=self.pseudo("AWS::Partition"),
            region=self.pseudo("AWS::Region"),
            account=self.pseudo("AWS::AccountId"),
            name=name or self.values.get(resource) or self._invented(resource),
        )

    def echoed(self, resource: str, attribute: str) -> Node | None:
        """The property that !GetAtt of the resource repeats, None where it does not."""
        is_echoing = self.type_of(resource) in _ECHOING
        return member(member(self.resources[resource], "Properties"), attribute) if is_echoing else None

    def pseudo(self, name: str) -> str | None:
        """A pseudo parameter's value: the one given, else what follows from the region."""
        region = self.values.get("AWS::Region", "us-east-1")
        found = next((each for each in _PARTITIONS if region.startswith(each[0])), ("", "aws", "amazonaws.com"))
        known = {
            "AWS::Region": region,
            "AWS::AccountId": "000000000000",
            "AWS::Partition": found[1],
            "AWS::URLSuffix": found[2],
            "AWS::StackName": "headrace",
            "AWS::StackId": f"arn:{found[1]}:cloudformation:{region}:000000000000:stack/headrace/headrace",
        }
        return self.values.get(name, known.get(name))

    def parameter(self, name: str) -> Node | str:
        """A parameter's value; a text is what is wrong. A secret that is not given is the reference to it."""
        declared = self.parameters[name]
        kind = text_of(member(declared, "Type")) or "String"
        default = member(declared, "Default")
        if name in self.values:
            return self._typed(name, planted(self.values[name], declared.line))
        if default is not None and not kind.startswith(_AWS_SSM):
            return self._typed(name, default)
        if is_true(member(declared, "NoEcho")):
            return Scalar(f"${{{name}}}", declared.line)
        return f"parameter {name} has no value; give it with --parameter {name}=VALUE"

    def _typed(self, name: str, value: Node) -> Node | str:
        declared, text = self.parameters[name], said(value)
        if (wrong := wrong_with(name, declared, text)) is not None:
            return wrong
        values = listed(declared, text)
        if values is not None:
            return Listed([Scalar(part, value.line) for part in values], value.line)
        return Scalar(text, value.line)

    def _invented(self, resource: str) -> str:
        """The name that AWS would make up, here the logical id: it is the same each time."""
        return resource.lower() if self.type_of(resource) == "AWS::S3::Bucket" else resource


def _section(root: Mapped, name: str) -> Mapping[str, Node]:
    found = root.members.get(name)
    return found.members if isinstance(found, Mapped) else {}
