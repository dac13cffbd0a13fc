"""The app and the folder of the tests of files."""

from tests.unit.operations.files.conftest import app, folder, root, site  # noqa: F401  # pylint: disable=unused-import
