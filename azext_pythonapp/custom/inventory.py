"""`inventory`: every Windows web app of an account."""

from azext_pythonapp.custom.opening import console, fail_after_answer


def list_inventory(
    cmd,
    resource_group_name=None,
    tag=None,
    subscriptions=None,
    end_of_life=False,
    no_details=False,
    parallel=10,
    matrix=None,
    output_file=None,
):
    from azext_pythonapp.appservice import account
    from azext_pythonapp.errors import Interrupted, NotFound
    from azext_pythonapp.operations.inventory import command

    request = command.InventoryRequest.from_options(
        group=str(resource_group_name) if resource_group_name else None,
        tags=tag or (),
        end_of_life=end_of_life,
        no_details=no_details,
        parallel=parallel,
        shards=matrix,
        output_file=output_file,
    )
    given = cmd.cli_ctx.data.get("subscription_id")
    chosen = account.subscriptions(cmd.cli_ctx, subscriptions or ([str(given)] if given else []))
    if not chosen:
        raise NotFound("az is signed in to no subscription that is enabled.", "See them all: `az account list --all`.")
    progress = console(cmd)
    if getattr(resource_group_name, "is_default", False):
        progress.say(f"Only resource group '{resource_group_name}', a default of az (`az configure --list-defaults`).")
    opened = account.Account(cmd.cli_ctx, chosen, progress)
    try:
        found = command.inventory(
            opened.directories,
            opened.opened,
            request,
            progress,
            {each.id: each.name for each in chosen},
            _portal(cmd.cli_ctx),
        )
    except KeyboardInterrupt as interrupt:
        raise Interrupted("Interrupted. Nothing was changed.", "Run the command again.") from interrupt
    if found.missing:
        fail_after_answer(cmd, found.missing)
    return found.answer


def _portal(cli_ctx):
    """Return the address of the portal, "" for a cloud that has none: az raises an error of its own for that."""
    try:
        return str(cli_ctx.cloud.endpoints.portal or "")
    except Exception:  # pylint: disable=broad-exception-caught  # the report then has no links
        return ""
