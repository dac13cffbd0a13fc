"""Help texts of the command group."""

from knack.help_files import helps

# az 2.91 blanks its own summary of `webapp` in `az --help` once any extension adds to it, unless the extension
# repeats the same text (docs/platform/az-extension.md 2.5).
helps.setdefault(
    "webapp",
    """
type: group
short-summary: Manage web apps.
""",
)

helps["webapp python"] = """
type: group
short-summary: Manage Python on Windows web apps.
long-summary: >-
    Find and install Python runtimes (site extensions), choose the one that the app runs, and install packages into
    it with pip on the worker. Every command that changes something takes `--dry-run`, verifies what it did, and does
    nothing when the app is already as wanted.
"""

helps["webapp python list-versions"] = """
type: command
short-summary: List the Python runtimes that can be installed, newest first.
long-summary: >-
    Those of trusted sources together: Microsoft's own site extensions, known by their exact ids, and python.org's own
    builds on NuGet. Anybody can publish a package with any author, title and tag; those of third parties are listed
    only with `--all`, with `trusted` false, and installed only when their id is named.
    With an app, its own gallery feed is asked, and `installed` tells what it has; without one, the public gallery. A
    source that cannot be asked is named.
examples:
  - name: List what there is.
    text: az webapp python list-versions --output table
  - name: List what still gets security fixes, pre-releases as well.
    text: az webapp python list-versions --supported --pre
  - name: List the 64-bit runtimes of Python 3.6 for an app, with everybody's packages in every version.
    text: az webapp python list-versions -g MyGroup -n MyApp --version 3.6 --arch x64 --all
"""

helps["webapp python list"] = """
type: command
short-summary: List the Pythons on an app.
long-summary: >-
    Installed site extensions, `python*` folders in the home directory and the platform's built-in ones. Each python.exe
    is asked for its version; `inUse` marks the one that web.config starts. Where `answered` is false, it did not say
    anything: it does not run, or the worker was too busy to tell, which is said.
examples:
  - name: List the Pythons on an app.
    text: az webapp python list -g MyGroup -n MyApp --output table
  - name: List the Pythons on a deployment slot.
    text: az webapp python list -g MyGroup -n MyApp -s staging
"""

helps["webapp python show"] = """
type: command
short-summary: Show which Python an app runs, and how IIS starts it.
examples:
  - name: Show what an app runs now.
    text: az webapp python show -g MyGroup -n MyApp
"""

helps["webapp python install"] = """
type: command
short-summary: Install a Python runtime.
long-summary: >-
    The app goes on with the Python that it has; `set-version` changes that. The installation restarts the app and
    ends every running python.exe on it. Packages in a runtime folder that it would wipe are kept and put back; without
    `--yes` it asks first.
    A version means what is on the app, if that satisfies it; else the newest that Microsoft's site extensions and
    python.org's builds on NuGet have. `latest` means the newest of all these. Packages of third parties run their own
    installers on the app's worker, so they are taken only when named with `--extension-id`.
    A build of python.org is downloaded here, uploaded, and registered like a site extension; that ends no running
    Python.
examples:
  - name: Install the newest Python 3.6.
    text: az webapp python install -g MyGroup -n MyApp --version 3.6
  - name: Install one package version of a site extension.
    text: >-
        az webapp python install -g MyGroup -n MyApp --extension-id azureappservice-python364x64
        --package-version 3.6.4.4
  - name: Install the newest Python, or the newest 3.13, from wherever it is.
    text: |-
        az webapp python install -g MyGroup -n MyApp --version latest
        az webapp python install -g MyGroup -n MyApp --version 3.13
  - name: Install a Python from a package file, without reaching NuGet.
    text: az webapp python install -g MyGroup -n MyApp --package python.3.13.2.nupkg
  - name: See what would be installed.
    text: az webapp python install -g MyGroup -n MyApp --version 3.6 --dry-run
"""

helps["webapp python uninstall"] = """
type: command
short-summary: Uninstall a Python runtime, with the folder that its site extension would leave behind.
long-summary: >-
    Refused while web.config starts it, or while a web.config of the app, of its virtual applications or of their folders,
    or an app setting, names a path below its folder. The packages in the runtime are lost with it, so the command asks
    first.
examples:
  - name: Uninstall a runtime.
    text: az webapp python uninstall -g MyGroup -n MyApp --version 3.6.2
  - name: Uninstall a site extension without a question, and leave its folder.
    text: >-
        az webapp python uninstall -g MyGroup -n MyApp --extension-id azureappservice-python362x64 --keep-files --yes
"""

helps["webapp python set-version"] = """
type: command
short-summary: Make an app run a Python version.
long-summary: >-
    One transaction: install the runtime if it is missing, put the app's requirements.txt into it, prove that the
    entry point imports, switch web.config, restart, and check that the app answers. When the app does not answer,
    web.config is put back as it was, byte for byte.
    A page is good that answers 2xx, 3xx on the same host, or what it answered before; every instance is asked. Errors
    of a restart that goes on count only when --health-timeout is over. A page that cannot be reached from here, such as
    that of a stopped app or one with access restrictions, is not verified, which is said; it is a failure only for a
    page that --health-path names.
    IIS reads the FastCGI registration of a new Python only when the app starts, so the app is restarted before the
    switch too, and --no-restart is refused then.
    Only the handler, the httpPlatform section and the settings that start Python are touched in web.config.
    The entry point is imported as its handler will import it, with the variables and the import path that web.config
    and the app's settings give it; --no-import-check leaves that out.
    A version means what is on the app, if that satisfies it; else the newest that Microsoft's site extensions and
    python.org's builds on NuGet have. `latest` means the newest of all these.
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

helps["webapp python install-requirements"] = """
type: command
short-summary: Install an app's requirements with pip, using the Python that the app runs.
long-summary: >-
    pip runs on the worker and its lines appear as they come. A lost connection, Ctrl-C or a time-out does not end it:
    `az webapp python job wait` re-attaches. The result is the difference between the packages before and after, as
    the worker has them; `reinstalled` names those that pip installed anew in the same version. The app is restarted
    when packages changed.
    The same requirements again, with the packages as they were left, start nothing. Where that cannot be told from the
    files alone, because they name folders, archives, URLs without a hash, or files that only the worker can read, pip
    is asked each time.
    Wheels of --wheel-dir are uploaded once. Those that were not used for 90 days are deleted on the app, and of more
    than 4 GB the ones that were unused longest, but none that was used within a day. One that is damaged there is
    deleted by the run that fails with it, and uploaded again by the next run.
    When the runtime's pip is too old for an option, the newest one that its Python can run is installed first.
examples:
  - name: Install the requirements.txt that was deployed with the app.
    text: az webapp python install-requirements -g MyGroup -n MyApp
  - name: Install a local requirements file and upgrade the packages that it names.
    text: az webapp python install-requirements -g MyGroup -n MyApp -r requirements.txt --upgrade
  - name: Install from local wheels only.
    text: az webapp python install-requirements -g MyGroup -n MyApp -r requirements.txt --wheel-dir dist --no-index
  - name: Take wheels only, because the worker has no compiler, and put everything back if that fails.
    text: >-
        az webapp python install-requirements -g MyGroup -n MyApp --only-binary :all: --restore
  - name: Give pip further options.
    text: az webapp python install-requirements -g MyGroup -n MyApp --pip-args="--prefer-binary --retries 3"
  - name: Start pip and come back later.
    text: az webapp python install-requirements -g MyGroup -n MyApp --no-wait
"""

helps["webapp python job"] = """
type: group
short-summary: Follow the work that runs on the worker.
"""

helps["webapp python job show"] = """
type: command
short-summary: Show a job.
examples:
  - name: Show the newest job.
    text: az webapp python job show -g MyGroup -n MyApp
"""

helps["webapp python job wait"] = """
type: command
short-summary: Follow a job until it ends.
long-summary: >-
    The log appears from its beginning. What the job left to do is done: an app that was stopped for it is started,
    and restarted when packages changed. The command fails when the job failed, was canceled or was lost.
examples:
  - name: Wait for the newest job.
    text: az webapp python job wait -g MyGroup -n MyApp
  - name: Wait at most ten minutes for a job.
    text: az webapp python job wait -g MyGroup -n MyApp --job-id 20261122-115930-4f2a --timeout 600
"""

helps["webapp python job list"] = """
type: command
short-summary: List the jobs of an app, newest first.
long-summary: The newest 20 that are over are kept, and the last good one of each runtime.
examples:
  - name: List the jobs.
    text: az webapp python job list -g MyGroup -n MyApp -o table
"""

helps["webapp python job log"] = """
type: command
short-summary: Print the log of a job.
long-summary: >-
    Its lines go to standard output as they are. The command succeeds however the job ended; `job wait` tells.
examples:
  - name: Print the log of the newest job.
    text: az webapp python job log -g MyGroup -n MyApp
  - name: Print the log as it grows, until the job is over.
    text: az webapp python job log -g MyGroup -n MyApp --follow
"""

helps["webapp python job cancel"] = """
type: command
short-summary: Cancel a job that runs.
long-summary: >-
    pip is ended with all that it has started, on whichever instance of the app it runs; the packages that it had
    changed by then stay. A job that is over in another way, or lost, cannot be canceled.
examples:
  - name: Cancel the newest job.
    text: az webapp python job cancel -g MyGroup -n MyApp
"""

helps["webapp python package"] = """
type: group
short-summary: Manage the packages of the Python that an app runs.
"""

helps["webapp python package list"] = """
type: command
short-summary: List the installed packages.
long-summary: They are read off the names in site-packages; no Python is started.
examples:
  - name: List the packages.
    text: az webapp python package list -g MyGroup -n MyApp -o table
"""

helps["webapp python package freeze"] = """
type: command
short-summary: List the installed packages as requirements.
long-summary: >-
    pip and the tools that it builds with are left out. Where a package came from, if not from an index, is not told.
examples:
  - name: Write a requirements file.
    text: >-
        az webapp python package freeze -g MyGroup -n MyApp --query "[].requirement" -o tsv
"""

helps["webapp python package outdated"] = """
type: command
short-summary: List the packages that the index has newer versions of.
long-summary: pip on the worker asks the index; it must be pip 9 or newer.
examples:
  - name: List what is outdated.
    text: az webapp python package outdated -g MyGroup -n MyApp -o table
"""

helps["webapp python package check"] = """
type: command
short-summary: Check that all packages have what they require.
long-summary: >-
    pip on the worker looks; it must be pip 9 or newer. The command fails, with exit code 1, when there are problems.
examples:
  - name: Check the packages.
    text: az webapp python package check -g MyGroup -n MyApp
"""

helps["webapp python package install"] = """
type: command
short-summary: Install packages.
long-summary: >-
    pip runs on the worker and its lines appear as they come. When what is installed satisfies every requirement,
    nothing is started. The app is restarted when packages changed.
examples:
  - name: Install two packages, one in a version of a range.
    text: az webapp python package install -g MyGroup -n MyApp --packages flask "six>=1.16,<2"
  - name: Upgrade a package.
    text: az webapp python package install -g MyGroup -n MyApp --packages flask --upgrade
  - name: See what would be installed.
    text: az webapp python package install -g MyGroup -n MyApp --packages flask --dry-run
"""

helps["webapp python package uninstall"] = """
type: command
short-summary: Uninstall packages.
long-summary: Their dependencies stay. Packages that are not installed are said to be so, and are no error.
examples:
  - name: Uninstall a package without a question.
    text: az webapp python package uninstall -g MyGroup -n MyApp --packages flask --yes
"""

helps["webapp python web-config"] = """
type: group
short-summary: Look at and change the Python part of web.config.
long-summary: >-
    A file is edited in place: outside the handler, the httpPlatform section and the settings that start Python, not a
    byte changes. With `--file`, a local web.config is edited and no Azure is asked.
"""

helps["webapp python web-config show"] = """
type: command
short-summary: Show what web.config says about Python.
long-summary: >-
    Values that look like secrets are masked. `warnings` names what is wrong: what `web-config set` would repair, what
    stands in its way, and what it leaves. `notes` tells what else is worth knowing, such as that Python serves only a
    part of the site.
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
    Everything that is not named stays as it is; without options, what cannot work is repaired: old handlers for other
    Pythons, duplicate names, placeholders of Visual Studio, a WSGI_HANDLER that cannot be called.
    A handler for a part of the site (a path, a location, some verbs) is changed where it is. With another Python, the
    paths of the old one in PYTHONHOME, PYTHONPATH and the arguments go along, and others are named.
    With another handler, what only the old one reads stays in the file and is used again on the way back. Rewrite rules
    that lead to a script are right for FastCGI, and removed for HttpPlatform; folders that they left to IIS stay with it.
    `notes`, also said on stderr, has one sentence for each thing that was done or is worth knowing.
    Nothing is installed, tried or fetched: `set-version` does that. IIS restarts the app when the file changes.
    When somebody else changes the file meanwhile, it is read again and the change is planned anew, once.
examples:
  - name: Give the app an environment variable.
    text: az webapp python web-config set -g MyGroup -n MyApp --env LOG_LEVEL=info
  - name: Let IIS serve the files of a folder itself.
    text: az webapp python web-config set -g MyGroup -n MyApp --static-path static
  - name: Run four processes under HttpPlatform, and give them five minutes to start.
    text: >-
        az webapp python web-config set -g MyGroup -n MyApp --handler httpplatform --processes 4
        --startup-time-limit 300
  - name: Write the file to this machine, for an app that runs from a package.
    text: az webapp python web-config set -g MyGroup -n MyApp --output-file web.config
  - name: Write a web.config for an app's files, without Azure.
    text: >-
        az webapp python web-config set --file web.config --app app:app --handler fastcgi
        --python-path "D:\\home\\python364x64\\python.exe"
"""

helps["webapp python web-config diff"] = """
type: command
short-summary: Show what `web-config set` with the same options would change.
long-summary: >-
    The answer has the unified diff as one text, `diff`, and the same `notes` as `set`; in a terminal it is shown in
    colours, too. Values of settings are masked but for those that start Python and those that `--env` gives and that
    do not look like secrets.
examples:
  - name: See a change as plain text.
    text: az webapp python web-config diff -g MyGroup -n MyApp --processes 4 --query diff --output tsv
"""

helps["webapp python package vendor"] = """
type: command
short-summary: Make a local folder of libraries for the app's Python, to be deployed with the app's files.
long-summary: >-
    pip on the worker chooses the packages, so markers and Requires-Python are evaluated for the very Python, platform
    and architecture that the app runs; nothing is installed there. The wheels are fetched, checked and unpacked here.
    Nothing is started while the folder is there as it was made, for the same requirements and the same Python. The app
    itself is not changed: `warnings` says what its PYTHONPATH lacks for the folder to go before the packages of its
    Python, and the command that adds it.
examples:
  - name: Make a folder beside the app's files.
    text: az webapp python package vendor -g MyGroup -n MyApp -r requirements.txt --target .python_packages
  - name: Make a folder that will be deployed below another one.
    text: >-
        az webapp python package vendor -g MyGroup -n MyApp -r requirements.txt --target build/lib --app-path app/lib
  - name: Look for newer versions that the requirements allow.
    text: az webapp python package vendor -g MyGroup -n MyApp -r requirements.txt --target .python_packages --upgrade
  - name: See what would be taken.
    text: az webapp python package vendor -g MyGroup -n MyApp -r requirements.txt --target .python_packages --dry-run
"""
