"""The options of package audit and package sbom."""


def load_audit(loader):
    """Register them. loader: the extension's AzCommandsLoader."""
    from azure.cli.core.commands.parameters import get_enum_type

    with loader.argument_context("webapp python package audit") as context:
        context.argument(
            "advisories",
            options_list=["--advisories"],
            help="Advisories to compare with, in the format of OSV: a zip file, a JSON file with one record or a list, "
            "or an https address of either. Default: OSV's export of all advisories for PyPI, of which a copy is kept "
            "in az's folder and used when there is no network.",
        )
        context.argument(
            "report_format",
            options_list=["--format"],
            arg_type=get_enum_type(["json", "sarif"]),
            default="json",
            help="`json`: one row for each vulnerability. `sarif`: SARIF 2.1.0, for code scanning.",
        )
        context.argument(
            "output_file",
            options_list=["--output-file"],
            help="Write what --format says into this local file; the rows are printed as well.",
        )

    with loader.argument_context("webapp python package sbom") as context:
        context.argument(
            "files",
            options_list=["--files"],
            action="store_true",
            help="List each installed file with its hash, as the package's RECORD has it. Without it, each package has "
            "the hash of its RECORD.",
        )
        context.argument(
            "output_file", options_list=["--output-file"], help="Write the document into this local file as well."
        )
