"""`az webapp python`: Python on Windows Azure App Service. Loaded by az for every `az webapp …`, so kept light."""

from azure.cli.core import AzCommandsLoader

from azext_pythonapp import _help  # noqa: F401  pylint: disable=unused-import


class PythonAppCommandsLoader(AzCommandsLoader):
    """Registers the command group `webapp python` with az."""

    def load_command_table(self, args):
        from azext_pythonapp.commands import load_command_table

        load_command_table(self, args)
        return self.command_table

    def load_arguments(self, command):
        from azext_pythonapp._params import load_arguments

        load_arguments(self, command)


COMMAND_LOADER_CLS = PythonAppCommandsLoader
