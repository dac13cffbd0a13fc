"""Help texts of the command group."""
from knack.help_files import helps

# az 2.91 blanks its own summary of `webapp` in `az --help` once any extension adds to it, unless the extension
# repeats the same text (facts/az-extension.md 2.5).
helps.setdefault('webapp', """
type: group
short-summary: Manage web apps.
""")

helps['webapp python'] = """
type: group
short-summary: Manage Python on Windows web apps.
long-summary: >-
    Find and install Python runtimes (site extensions), choose the one that the app runs, and install packages into
    it with pip on the worker. Every command that changes something takes `--dry-run`, verifies what it did, and does
    nothing when the app is already as wanted.
"""

helps['webapp python list-versions'] = """
type: command
short-summary: List the Python runtimes that can be installed, newest first.
long-summary: >-
    With an app, its own gallery feed is asked, and `installed` tells what it has; without one, the public gallery.
examples:
  - name: List what the public gallery offers.
    text: az webapp python list-versions --output table
  - name: List the 64-bit runtimes of Python 3.6 for an app, with every package version.
    text: az webapp python list-versions -g MyGroup -n MyApp --version 3.6 --arch x64 --all
"""

helps['webapp python list'] = """
type: command
short-summary: List the Pythons on an app.
long-summary: >-
    Installed site extensions, `python*` folders in the home directory and the platform's built-in ones. Each python.exe
    is asked for its version; `inUse` marks the one that web.config starts.
examples:
  - name: List the Pythons on an app.
    text: az webapp python list -g MyGroup -n MyApp --output table
  - name: List the Pythons on a deployment slot.
    text: az webapp python list -g MyGroup -n MyApp -s staging
"""

helps['webapp python show'] = """
type: command
short-summary: Show which Python an app runs, and how IIS starts it.
examples:
  - name: Show what an app runs now.
    text: az webapp python show -g MyGroup -n MyApp
"""

helps['webapp python install'] = """
type: command
short-summary: Install a Python runtime.
long-summary: >-
    The app goes on with the Python that it has; `set-version` changes that. The installation restarts the app and
    ends every running python.exe on it.
examples:
  - name: Install the newest Python 3.6.
    text: az webapp python install -g MyGroup -n MyApp --version 3.6
  - name: Install one package version of a site extension.
    text: >-
        az webapp python install -g MyGroup -n MyApp --extension-id azureappservice-python364x64
        --package-version 3.6.4.4
  - name: See what would be installed.
    text: az webapp python install -g MyGroup -n MyApp --version 3.6 --dry-run
"""

helps['webapp python uninstall'] = """
type: command
short-summary: Uninstall a Python runtime, with the folder that its site extension would leave behind.
long-summary: >-
    Refused while web.config starts it. The packages in the runtime are lost with it, so the command asks first.
examples:
  - name: Uninstall a runtime.
    text: az webapp python uninstall -g MyGroup -n MyApp --version 3.6.2
  - name: Uninstall a site extension without a question, and leave its folder.
    text: >-
        az webapp python uninstall -g MyGroup -n MyApp --extension-id azureappservice-python362x64 --keep-files --yes
"""

helps['webapp python set-version'] = """
type: command
short-summary: Make an app run a Python version.
long-summary: |-
    One transaction: install the runtime if it is missing, put the app's requirements.txt into it, prove that the
    entry point imports, switch web.config, restart, and check that the app answers. When the app does not answer,
    web.config is put back as it was, byte for byte.
    Only the handler, the httpPlatform section and the settings that start Python are touched in web.config.
examples:
  - name: Run an app on the newest Python 3.6.
    text: az webapp python set-version -g MyGroup -n MyApp --version 3.6
  - name: See what would change, web.config included.
    text: az webapp python set-version -g MyGroup -n MyApp --version 3.6 --dry-run
  - name: Name the entry point, and start it with the HttpPlatform handler.
    text: >-
        az webapp python set-version -g MyGroup -n MyApp --version 3.6 --handler httpplatform
        --app "shop.web:create_app()"
  - name: Switch a deployment slot and check another page than the first.
    text: az webapp python set-version -g MyGroup -n MyApp -s staging --version 3.6 --health-path /health
"""

helps['webapp python install-requirements'] = """
type: command
short-summary: Install an app's requirements with pip, using the Python that the app runs.
long-summary: |-
    pip runs on the worker and its lines appear as they come. A lost connection, Ctrl-C or a time-out does not end it:
    `az webapp python job wait` re-attaches. The result is the difference between the packages before and after, as
    the worker has them. The app is restarted when packages changed.
    The same requirements again, with the packages as they were left, start nothing.
examples:
  - name: Install the requirements.txt that was deployed with the app.
    text: az webapp python install-requirements -g MyGroup -n MyApp
  - name: Install a local requirements file and upgrade the packages that it names.
    text: az webapp python install-requirements -g MyGroup -n MyApp -r requirements.txt --upgrade
  - name: Install from local wheels only.
    text: az webapp python install-requirements -g MyGroup -n MyApp -r requirements.txt --wheel-dir dist --no-index
  - name: Start pip and come back later.
    text: az webapp python install-requirements -g MyGroup -n MyApp --no-wait
"""

helps['webapp python job'] = """
type: group
short-summary: Follow the work that runs on the worker.
"""

helps['webapp python job show'] = """
type: command
short-summary: Show a job.
examples:
  - name: Show the newest job.
    text: az webapp python job show -g MyGroup -n MyApp
"""

helps['webapp python job wait'] = """
type: command
short-summary: Follow a job until it ends.
long-summary: >-
    The log appears from its beginning. The command fails when the job failed, was canceled or was lost.
examples:
  - name: Wait for the newest job.
    text: az webapp python job wait -g MyGroup -n MyApp
  - name: Wait at most ten minutes for a job.
    text: az webapp python job wait -g MyGroup -n MyApp --job-id 20261122-115930-4f2a --timeout 600
"""
