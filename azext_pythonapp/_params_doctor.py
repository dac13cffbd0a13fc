"""The options of doctor."""


def load_doctor(loader):
    """Register them. loader: the extension's AzCommandsLoader."""
    from azext_pythonapp._completers import check_completer

    with loader.argument_context("webapp python doctor") as context:
        context.argument(
            "check",
            nargs="+",
            completer=check_completer,
            help="Only these checks: their ids, space-separated. Default: all. An unknown one lists the known ones.",
        )
        context.argument(
            "fix",
            action="store_true",
            help="Fix what needs no decision: settings of the app and its web.config. What costs money, deletes "
            "something or changes which Python the app runs is left to you; its command is in `fix`.",
        )
