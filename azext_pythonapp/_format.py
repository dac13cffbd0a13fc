"""How results look with `--output table`: at most 80 columns."""
from collections import OrderedDict

_PATH_WIDTH = 34


def offers_table(offers):
    """Rows of `list-versions`."""
    return [OrderedDict([('Version', row['version']),
                         ('Arch', row['architecture']),
                         ('ExtensionId', row['extensionId']),
                         ('Package', row['packageVersion']),
                         ('Support', row['support']),
                         ('Installed', _yes_no(row['installed']))]) for row in offers]


def runtimes_table(runtimes):
    """Rows of `list`."""
    return [_runtime_row(row) for row in runtimes]


def app_table(shown):
    """The row of `show`."""
    runtime = shown.get('runtime') or {}
    return [OrderedDict([('App', _app_name(shown['app'])),
                         ('Version', runtime.get('version')),
                         ('Arch', runtime.get('architecture')),
                         ('Handler', shown.get('handler')),
                         ('EntryPoint', shown.get('entryPoint')),
                         ('Python', _short(runtime.get('pythonPath')))])]


def install_table(answer):
    """The rows of `install`: what changed, then the runtime."""
    return changes_table(answer) or [_runtime_row(answer['runtime'])]


def set_version_table(answer):
    """The row of `set-version`; the planned changes for a dry run."""
    if answer.get('dryRun'):
        return changes_table(answer)
    runtime, verification = answer['runtime'], answer['verification']
    return [OrderedDict([('App', _app_name(answer['app'])),
                         ('Changed', _yes_no(answer['changed'])),
                         ('Version', runtime.get('version')),
                         ('Arch', runtime.get('architecture')),
                         ('Handler', answer['handler']),
                         ('EntryPoint', answer['entryPoint']),
                         ('HttpStatus', verification.get('httpStatus'))])]


def changes_or_none_table(answer):
    """One row per change; without any, one row that says so."""
    rows = changes_table(answer)
    if rows:
        return rows
    return [OrderedDict([('App', _app_name(answer['app'])), ('Changed', 'no')])]


def job_table(job):
    """The row of `job show` and `job wait`."""
    return [OrderedDict([('Id', job['id']), ('Command', job['command']), ('State', job['state']),
                         ('ExitCode', job['exitCode']), ('StartedAt', job['startedAt'])])]


def changes_table(answer):
    """One row per change."""
    return [OrderedDict([('Action', row['action']), ('Target', row['target']), ('Before', row['before']),
                         ('After', row['after'])]) for row in answer['changes']]


def _runtime_row(row):
    return OrderedDict([('Version', row.get('version')),
                        ('Arch', row.get('architecture')),
                        ('Source', row.get('source')),
                        ('InUse', _yes_no(row.get('inUse'))),
                        ('Python', _short(row.get('pythonPath')))])


def _app_name(app):
    return f"{app['name']}/{app['slot']}" if app.get('slot') else app['name']


def _short(path):
    """A path whose beginning gives way when it would not fit."""
    if path and len(path) > _PATH_WIDTH:
        return '…' + path[-_PATH_WIDTH + 1:]
    return path


def _yes_no(value):
    return None if value is None else 'yes' if value else 'no'
