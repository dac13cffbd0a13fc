"""Help of the web-config commands."""

from knack.help_files import helps

helps["webapp python web-config"] = """
type: group
short-summary: Show and change the Python part of web.config.
long-summary: >-
    The file is edited in place. Everything but the handler, the httpPlatform section and the settings that start
    Python is preserved byte for byte. With `--file`, a local web.config is edited without Azure.
"""

helps["webapp python web-config show"] = """
type: command
short-summary: Show what web.config says about Python.
long-summary: >-
    Values that look like secrets are masked. `warnings` lists what is wrong: what `web-config set` would repair, what
    prevents that, and what it does not touch. `notes` lists what else is worth knowing, for example that Python
    serves only a part of the site.
examples:
  - name: Show the Python part of an app's web.config.
    text: az webapp python web-config show -g MyGroup -n MyApp
  - name: Show that of a local file.
    text: az webapp python web-config show --file web.config
"""

helps["webapp python web-config set"] = """
type: command
short-summary: Change the Python part of web.config.
long-summary: |-
    What no option names stays as it is. Without options, broken entries are repaired: old handlers for other Pythons,
    duplicate names, placeholders of Visual Studio, a WSGI_HANDLER that cannot be called.
    A handler for a part of the site (a path, a location, some verbs) is changed where it is. With another Python,
    paths of the old one in PYTHONHOME, PYTHONPATH and the arguments are updated; others are reported.
    With another handler, settings that only the old one reads stay in the file and are used again when you switch
    back.
    Rewrite rules that lead to a script are kept for FastCGI and removed for HttpPlatform; folders that they left to
    IIS are still served by IIS.
    `notes`, also printed to standard error, has one sentence for each change or thing worth knowing.
    Nothing is installed, imported or fetched: `set-version` does that. IIS restarts the app when the file changes.
    When someone else changes the file at the same time, it is read again and the change is planned once more.
examples:
  - name: Set an environment variable for the app.
    text: az webapp python web-config set -g MyGroup -n MyApp --env LOG_LEVEL=info
  - name: Let IIS serve the files of a folder directly.
    text: az webapp python web-config set -g MyGroup -n MyApp --static-path static
  - name: Run four processes under HttpPlatform, and give them five minutes to start.
    text: >-
        az webapp python web-config set -g MyGroup -n MyApp --handler httpplatform --processes 4
        --startup-time-limit 300
  - name: Write the result to a local file, for an app that runs from a package.
    text: az webapp python web-config set -g MyGroup -n MyApp --output-file web.config
  - name: Write a web.config for a local copy of the app, without Azure.
    text: >-
        az webapp python web-config set --file web.config --app app:app --handler fastcgi
        --python-path "D:\\home\\python364x64\\python.exe"
"""

helps["webapp python web-config diff"] = """
type: command
short-summary: Show what `web-config set` with the same options would change.
long-summary: >-
    `diff` is the unified diff as one text, and `notes` are those of `set`; a terminal also shows the diff in colour.
    Values of settings are masked, except those that start Python and those from `--env` that do not look like
    secrets.
examples:
  - name: See a change as plain text.
    text: az webapp python web-config diff -g MyGroup -n MyApp --processes 4 --query diff --output tsv
"""
