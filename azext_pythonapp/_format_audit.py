"""How `package audit` and `package sbom` look with `--output table`."""

from collections import OrderedDict

from azext_pythonapp._table import fitted


@fitted
def audit_table(answer):
    """Rows of `package audit`; of a SARIF log, its results."""
    if isinstance(answer, dict):
        return [
            OrderedDict([("Id", row["ruleId"]), ("Level", row["level"]), ("Summary", row["message"]["text"])])
            for run in answer["runs"]
            for row in run["results"]
        ]
    return [
        OrderedDict(
            [
                ("Name", row["name"]),
                ("Version", row["version"]),
                ("Id", row["id"]),
                ("Severity", row["severity"]),
                ("FixedIn", row["fixedIn"]),
                ("Summary", row["summary"]),
            ]
        )
        for row in answer
    ]


@fitted
def components_table(document):
    """Rows of `package sbom`: its components, without their files."""
    return [
        OrderedDict(
            [
                ("Name", row["name"]),
                ("Version", row.get("version")),
                ("Licence", _licence(row.get("licenses", ()))),
                ("Purl", row.get("purl")),
            ]
        )
        for row in document["components"]
    ]


def _licence(rows):
    names = [row.get("expression") or row["license"].get("id") or row["license"].get("name") for row in rows]
    return ", ".join(names)
