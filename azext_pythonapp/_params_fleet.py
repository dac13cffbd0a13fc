"""The options of every command that works on one app or on many."""


def load_fleet(loader):
    """Register them. loader: the extension's AzCommandsLoader."""
    with loader.argument_context("webapp python", arg_group="Many Apps") as context:
        context.argument(
            "ids",
            options_list=["--ids"],
            nargs="+",
            help="Resource ids of apps and slots, space-separated, in place of --resource-group, --name and --slot; "
            "`@FILE` for those in a file, with `#` before a comment; `-` for standard input. The answer is then a list "
            "with what became of each.",
        )
        context.argument(
            "parallel", type=int, help="How many apps of --ids are worked on at the same time: 1 to 200. Default: 10."
        )
        context.argument(
            "max_failures", type=int, help="Start no more apps of --ids after so many have failed. Default: no limit."
        )
