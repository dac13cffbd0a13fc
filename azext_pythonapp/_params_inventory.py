"""The options of inventory."""


def load_inventory(loader):
    """Register them. loader: the extension's AzCommandsLoader."""
    with loader.argument_context("webapp python inventory") as context:
        context.argument(
            "resource_group_name",
            help="Only apps in this resource group. You can configure the default group using `az configure --defaults "
            "group=<name>`.",
        )
        context.argument(
            "tag",
            options_list=["--tag"],
            action="append",
            help="Only apps with this tag: `NAME=VALUE`, or `NAME` for any value. Can be given several times; an app "
            "must have all of them.",
        )
        context.argument(
            "subscriptions",
            nargs="+",
            help="Names or ids of subscriptions, space-separated. Default: that of --subscription, or else all that az "
            "is signed in to.",
        )
        context.argument(
            "end_of_life",
            action="store_true",
            help="Only apps whose Python gets no fixes any more, and those of which it is not known: their `runtime` "
            "is null, and `error` or `warnings` say why.",
        )
        context.argument(
            "no_details",
            action="store_true",
            help="Do not ask the apps what they run: only ids, names and states, in seconds for thousands.",
        )
        context.argument("parallel", type=int, help="How many apps are asked at the same time.")
        context.argument(
            "output_file",
            options_list=["--output-file"],
            help="Also write a report for a browser into this file, `NAME.html`. It loads nothing from outside.",
        )
        context.argument(
            "matrix",
            type=int,
            help="Print the ids in at most so many shards, for the matrix of a pipeline, in place of the rows; no "
            "more than 256. A shard has apps of one subscription as long as there are enough shards for that. The apps "
            "are not asked what they run, unless --end-of-life is given.",
        )
