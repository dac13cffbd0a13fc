"""Help texts of the command group."""

from knack.help_files import helps

from azext_pythonapp import (  # noqa: F401  pylint: disable=unused-import
    _help_audit,
    _help_doctor,
    _help_export,
    _help_history,
    _help_inventory,
    _help_job,
    _help_web_config,
)

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


    Every command that names an app takes the resource ids of many in its place: `--ids`. The answer is then a list with
    what became of each, and the exit code is 0 only when all succeeded.


    The group is in preview: options and messages may still change; docs/json-output.md says what scripts can rely on.
examples:
  - name: See what an app runs, and whether all is right with it.
    text: az webapp python show -g MyGroup -n MyApp --check --output table
  - name: See which Python versions there are.
    text: az webapp python list-versions -g MyGroup -n MyApp --output table
  - name: See what a switch to Python 3.13 would change, then make it.
    text: |-
        az webapp python set-version -g MyGroup -n MyApp --version 3.13 --dry-run
        az webapp python set-version -g MyGroup -n MyApp --version 3.13
  - name: Install the app's requirements again after a deployment.
    text: az webapp python install-requirements -g MyGroup -n MyApp
  - name: See what all apps of a file run, and switch two of them.
    text: |-
        az webapp python show --ids @apps.txt --output table
        az webapp python set-version --ids ID1 ID2 --version 3.13 --max-failures 1 --yes
"""

helps["webapp python list-versions"] = """
type: command
short-summary: List the Python runtimes that can be installed, newest first.
long-summary: >-
    Lists the trusted sources together: Microsoft's own site extensions, known by their exact ids, and python.org's
    own builds, on NuGet and on python.org itself. Anyone can publish a package with any author, title and tag, so
    packages of third parties are listed only with `--all` (`trusted` is false; in a table with a question mark behind
    their publisher), and are installed only when their id is given.

    With an app, its own gallery feed is read and `installed` shows what the app has; without one, the public gallery
    is read. A source that cannot be reached is reported.

    `install` and `set-version` choose from the same list. A Python that is on the app already counts before it; the
    message on standard error names it.
examples:
  - name: List the available runtimes, in general or for an app.
    text: |-
        az webapp python list-versions --output table
        az webapp python list-versions -g MyGroup -n MyApp --output table
  - name: See whether there is a 32-bit Python 3.13.
    text: az webapp python list-versions --version 3.13 --arch x86
  - name: List the runtimes that still get security fixes, including pre-releases.
    text: az webapp python list-versions --supported --pre
  - name: List every 64-bit package of Python 3.6 for an app, including those of third parties.
    text: az webapp python list-versions -g MyGroup -n MyApp --version 3.6 --arch x64 --all
"""

helps["webapp python list"] = """
type: command
short-summary: List the Pythons on an app.
long-summary: >-
    Installed site extensions, `python*` folders in the home directory and the platform's built-in ones. Each
    python.exe is asked for its version; `inUse` marks the one that web.config starts. Where `answered` is false, it
    does not run, or the worker was too busy to answer; the message on standard error says which.
examples:
  - name: List the Pythons on an app.
    text: az webapp python list -g MyGroup -n MyApp --output table
  - name: List the Pythons on a deployment slot.
    text: az webapp python list -g MyGroup -n MyApp -s staging
"""

helps["webapp python show"] = """
type: command
short-summary: Show which Python an app runs, how IIS starts it, and what is wrong with it.
long-summary: >-
    `warnings` has one entry for each thing that is wrong or worth knowing, such as a Python that is not there, a
    running job or a pending restart, with the command that helps. The exit code is 0 also then. With `--check` the
    app's page is fetched once; what it and the server's log say about an error is among the warnings.
examples:
  - name: Show what an app runs now.
    text: az webapp python show -g MyGroup -n MyApp
  - name: Find out why an app is down.
    text: az webapp python show -g MyGroup -n MyApp --check
  - name: Print only what is wrong with an app.
    text: az webapp python show -g MyGroup -n MyApp --check --query warnings --output tsv
"""

helps["webapp python install"] = """
type: command
short-summary: Install a Python runtime.
long-summary: >-
    The app keeps its current Python; `set-version` changes that. The installation restarts the app and ends every
    running python.exe on it. Packages in a runtime folder that it would wipe are kept and put back; without `--yes`
    the command asks first.

    A version means a Python that is already on the app, if one satisfies it; otherwise the newest that Microsoft's
    site extensions and python.org's builds offer, on NuGet or on python.org itself. `latest` means the newest of all.
    While one of these two cannot be reached, the other's newest is taken, with a warning. Packages of third
    parties run their own installers on the app's worker, so they are installed only when named with `--extension-id`.

    A build of python.org is downloaded to this machine, compared with its publisher's hash, uploaded, and registered
    like a site extension; that ends no running Python.
examples:
  - name: Install the newest Python, or the newest 3.13, from any trusted source.
    text: |-
        az webapp python install -g MyGroup -n MyApp --version latest
        az webapp python install -g MyGroup -n MyApp --version 3.13
  - name: Install a build from python.org itself, and not from NuGet.
    text: az webapp python install -g MyGroup -n MyApp --version 3.13 --source pythonOrg
  - name: Install a Python from a package file of NuGet or python.org, without access to them.
    text: |-
        az webapp python install -g MyGroup -n MyApp --package python.3.13.2.nupkg
        az webapp python install -g MyGroup -n MyApp --package python-3.13.2-amd64.zip
  - name: Install one package version of a site extension.
    text: >-
        az webapp python install -g MyGroup -n MyApp --extension-id azureappservice-python364x64
        --package-version 3.6.4.4
  - name: See what would be installed.
    text: az webapp python install -g MyGroup -n MyApp --version 3.13 --dry-run
"""

helps["webapp python uninstall"] = """
type: command
short-summary: Uninstall a Python runtime, with the folder that its site extension would leave behind.
long-summary: >-
    Refused while web.config starts it, or while an app setting or a web.config (of the app, its virtual applications
    or their folders) names a path below its folder. The packages in the runtime are deleted with it, so the command
    asks first.
examples:
  - name: Uninstall a runtime.
    text: az webapp python uninstall -g MyGroup -n MyApp --version 3.6.2
  - name: Uninstall a site extension without confirmation, and keep its folder.
    text: >-
        az webapp python uninstall -g MyGroup -n MyApp --extension-id azureappservice-python362x64 --keep-files --yes
"""

helps["webapp python set-version"] = """
type: command
short-summary: Make an app run a Python version.
long-summary: >-
    One transaction: install the runtime if it is missing, install the app's requirements.txt into it, check that the
    entry point imports, switch web.config, restart the app, and check that it answers. When it does not, web.config
    is restored byte for byte.

    The page is healthy when it answers 2xx, 3xx on the same host, or the same status as before; every instance is
    asked. Without --health-path it is the page of the app's own health check (healthCheckPath), else the root.

    While the app restarts, errors are waited out until --health-timeout. A page that cannot be reached from this
    machine, such as that of a stopped app or one with access restrictions, is reported as not verified; it is a
    failure only if --health-path names it.

    IIS reads the FastCGI registration of a new Python only when the app starts. The app is therefore restarted before
    the switch as well, and --no-restart is refused in that case.

    In web.config, only the handler, the httpPlatform section and the settings that start Python are changed.

    Django serves no static files itself; --static-path lets IIS serve a folder of them.

    The entry point is imported the way its handler will import it, with the variables and the import path from
    web.config and the app's settings. --no-import-check skips this.

    A version means a Python that is already on the app, if one satisfies it; otherwise the newest that Microsoft's
    site extensions and python.org's builds offer. `latest` means the newest of all.

    With `--packages-in environment` the packages are in one of two folders below `%HOME%\\data\\pythonapp`. A change
    builds the other one from nothing, checks it, and switches to it by one write of web.config: nothing that runs is
    touched, the app is not stopped, and the folder before stays for `rollback`. It takes room for all packages twice.
    The app stays in this mode, also for `install-requirements`, `package install` and `publish`, until
    `--packages-in runtime`, the default of new apps, which is simpler and takes half of the room. The app is restarted
    once for FastCGI, when it is moved there, and not for HttpPlatform.
examples:
  - name: Run an app on the newest Python 3.13.
    text: az webapp python set-version -g MyGroup -n MyApp --version 3.13
  - name: See what would change, web.config included.
    text: az webapp python set-version -g MyGroup -n MyApp --version 3.13 --dry-run
  - name: Move an app's packages into an environment, so that later changes never touch what runs; and back.
    text: |-
        az webapp python set-version -g MyGroup -n MyApp --version 3.13 --packages-in environment
        az webapp python set-version -g MyGroup -n MyApp --version 3.13 --packages-in runtime
  - name: Name the entry point, and start it with the HttpPlatform handler.
    text: >-
        az webapp python set-version -g MyGroup -n MyApp --version 3.13 --handler httpplatform
        --app "shop.web:create_app()"
  - name: Switch a deployment slot and check another page than the root.
    text: az webapp python set-version -g MyGroup -n MyApp -s staging --version 3.13 --health-path /health
"""

helps["webapp python publish"] = """
type: command
short-summary: Publish a folder to an app, and make the app run it.
long-summary: >-
    Files that differ from those on the app are uploaded in one archive; then the app is made to run them as
    `set-version` does: the Python and requirements.txt are installed, the entry point is imported, web.config is
    switched, the app is restarted, and its page is fetched. When nothing differs, nothing is changed.

    A new version that does not work is undone: the files, web.config and the packages of the Python that the app runs
    are as they were before. Old files are kept on the app, so that `rollback` brings them back later, too.

    `.gitignore` files are honoured. `.git`, virtual environments, `__pycache__`, `node_modules` and `.env` are never
    sent. The folder's web.config is used where it is new or changed; otherwise the app's own stays.
examples:
  - name: Publish the current folder.
    text: az webapp python publish -g MyGroup -n MyApp --src .
  - name: See what would be uploaded and changed.
    text: az webapp python publish -g MyGroup -n MyApp --src . --dry-run
  - name: Publish to a slot with Python 3.13, without tests, and delete what is no longer in the folder.
    text: >-
        az webapp python publish -g MyGroup -n MyApp -s staging --src ./shop --version 3.13 --exclude tests/ --clean
"""

helps["webapp python install-requirements"] = """
type: command
short-summary: Install an app's requirements with pip, using the Python that the app runs.
long-summary: >-
    pip runs on the worker, and its output appears live. A lost connection, Ctrl-C or a time-out does not end it: the
    same command, given again, follows it, and so does `az webapp python job wait`. The result is the difference between
    the packages before and after, read from the worker; `reinstalled` lists packages that pip installed again in the
    same version. The app is restarted when packages changed.

    If neither requirements nor packages changed since the last run, nothing is started. pip is asked each time when
    the files alone cannot tell, because they name folders, archives, URLs without a hash, or files that only the
    worker can read.

    Wheels of --wheel-dir are uploaded once. Wheels unused for 90 days are deleted. Above 4 GB the least recently used
    go first, but none that was used within a day. A damaged wheel is deleted by the run that fails on it, and
    uploaded again by the next run.

    When the runtime's pip is too old for an option, the newest pip that its Python can run is installed first. Not so
    for --uploaded-prior-to, because that pip could be newer than the option allows: it is refused, with the command
    that upgrades pip.

    Of a lock, the packages and files for the app's Python are installed, each checked by its hash, and nothing else.
    They come from the addresses in the lock; from the index of --index-url where one is given; and from --wheel-dir
    where that has the very file. Wheels that the lock names by a path are uploaded. Any version of pip will do.

    An environment is filled by uv, and with `--installer uv` a Python that the app does not run, too. uv is kept on
    the app once it is there: from a wheel in --wheel-dir, or from the package index. pip is used all the same, and it
    is said why, for the Python that the app runs, for Pythons before 3.6, where an option or a line of the
    requirements means something else to uv, and when uv does not start on the worker.
examples:
  - name: Install the requirements.txt that was deployed with the app.
    text: az webapp python install-requirements -g MyGroup -n MyApp
  - name: Install a local requirements file and upgrade the packages that it names.
    text: az webapp python install-requirements -g MyGroup -n MyApp -r requirements.txt --upgrade
  - name: Install from local wheels only.
    text: az webapp python install-requirements -g MyGroup -n MyApp -r requirements.txt --wheel-dir dist --no-index
  - name: Use wheels only, because the worker has no compiler, and put packages back if that fails.
    text: >-
        az webapp python install-requirements -g MyGroup -n MyApp --only-binary :all: --restore
  - name: Let uv install them for a Python that the app is going to run.
    text: az webapp python install-requirements -g MyGroup -n MyApp -r requirements.txt --installer uv
  - name: Install a lock, and nothing that it does not name.
    text: az webapp python install-requirements -g MyGroup -n MyApp -r pylock.toml
  - name: Upgrade to versions that have been on the index for a week.
    text: az webapp python install-requirements -g MyGroup -n MyApp --upgrade --uploaded-prior-to P7D
  - name: Pass more options to pip.
    text: az webapp python install-requirements -g MyGroup -n MyApp --pip-args="--prefer-binary --retries 3"
  - name: Start pip and come back later.
    text: az webapp python install-requirements -g MyGroup -n MyApp --no-wait
"""

helps["webapp python package"] = """
type: group
short-summary: Manage the packages of the Python that an app runs.
"""

helps["webapp python package list"] = """
type: command
short-summary: List the installed packages.
long-summary: Reads the names in site-packages; no Python is started.
examples:
  - name: List the packages.
    text: az webapp python package list -g MyGroup -n MyApp -o table
"""

helps["webapp python package freeze"] = """
type: command
short-summary: List the installed packages as requirements, or as a lock.
long-summary: >-
    Lists what `pip freeze` lists, so with wfastcgi, which Microsoft's site extensions bring, and without pip,
    setuptools and wheel. A package that did not come from an index is listed by name and version
    only. With `--output tsv` the answer is a requirements file, which `> requirements.txt` keeps.

    `--format pylock` writes a lock for the Python that the app runs: the files that an index has of these versions, with
    their addresses and hashes. wfastcgi is left out as well, because the runtime brings it. It fails when an index cannot
    be reached or does not know a file.
examples:
  - name: Print a requirements file.
    text: az webapp python package freeze -g MyGroup -n MyApp --output tsv
  - name: Write a lock with the hash of every file, so that another app gets the very same packages.
    text: az webapp python package freeze -g MyGroup -n MyApp --format pylock --output-file pylock.toml
"""

helps["webapp python package outdated"] = """
type: command
short-summary: List the packages for which the index has newer versions.
long-summary: pip on the worker asks the index. Needs pip 9 or newer.
examples:
  - name: List the outdated packages.
    text: az webapp python package outdated -g MyGroup -n MyApp -o table
"""

helps["webapp python package check"] = """
type: command
short-summary: Check that the packages' dependencies are installed and compatible.
long-summary: >-
    Runs `pip check` on the worker. Needs pip 9 or newer. Fails with exit code 1 when there are problems.
examples:
  - name: Check the packages.
    text: az webapp python package check -g MyGroup -n MyApp
"""

helps["webapp python package install"] = """
type: command
short-summary: Install packages.
long-summary: >-
    pip runs on the worker, and its output appears live. When the installed packages already satisfy every
    requirement, nothing is started. The app is restarted when packages changed.
examples:
  - name: Install two packages, one with a version range.
    text: az webapp python package install -g MyGroup -n MyApp --packages flask "six>=1.16,<2"
  - name: Upgrade a package.
    text: az webapp python package install -g MyGroup -n MyApp --packages flask --upgrade
  - name: See what would be installed.
    text: az webapp python package install -g MyGroup -n MyApp --packages flask --dry-run
  - name: Take only versions that were uploaded before a date.
    text: az webapp python package install -g MyGroup -n MyApp --packages flask --uploaded-prior-to 2026-11-01
"""

helps["webapp python package uninstall"] = """
type: command
short-summary: Uninstall packages.
long-summary: Dependencies stay installed. Packages that are not installed are reported and skipped.
examples:
  - name: Uninstall a package without confirmation.
    text: az webapp python package uninstall -g MyGroup -n MyApp --packages flask --yes
"""

helps["webapp python package vendor"] = """
type: command
short-summary: Create a local folder of libraries for the app's Python, to be deployed with the app.
long-summary: >-
    pip on the worker resolves the packages, so markers and Requires-Python are evaluated for the exact Python,
    platform and architecture that the app runs; nothing is installed there. The wheels are downloaded, verified and
    unpacked on this machine.
    If requirements, Python and folder are unchanged, nothing is started. The app itself is not changed: `warnings`
    says what its PYTHONPATH needs so that the folder takes precedence over the packages of its Python, with the
    command that sets it.
examples:
  - name: Create a folder beside the app's files.
    text: az webapp python package vendor -g MyGroup -n MyApp -r requirements.txt --target .python_packages
  - name: Create a folder that will be deployed below another one.
    text: >-
        az webapp python package vendor -g MyGroup -n MyApp -r requirements.txt --target build/lib --app-path app/lib
  - name: Look for newer versions that the requirements allow.
    text: az webapp python package vendor -g MyGroup -n MyApp -r requirements.txt --target .python_packages --upgrade
  - name: See which packages it would contain.
    text: az webapp python package vendor -g MyGroup -n MyApp -r requirements.txt --target .python_packages --dry-run
"""
