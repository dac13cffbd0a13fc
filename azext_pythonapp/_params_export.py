"""The options of export."""


def load_export(loader):
    """Register them. loader: the extension's AzCommandsLoader."""
    from azure.cli.core.commands.parameters import get_enum_type

    with loader.argument_context("webapp python export") as context:
        context.argument(
            "template_format",
            arg_type=get_enum_type(["arm", "bicep", "terraform"]),
            options_list=["--format"],
            help="The language: an ARM template in JSON, Bicep, or Terraform with the provider azapi.",
        )
        context.argument(
            "output_file",
            options_list=["--output-file"],
            help="Write the text into this file, `NAME.json`, `NAME.bicep` or `NAME.tf`, in place of standard output.",
        )
        context.argument(
            "version",
            help="Export this version, without an app: `3.13.2`; `3` or `3.13` for the newest available; or `latest`. "
            "--name and --slot are then what the parameters are by default.",
        )
