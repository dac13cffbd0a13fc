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
                         ('OnApp', _yes_no(row['installed']))]) for row in offers]


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


def web_config_table(shown):
    """The row of `web-config show`."""
    return [OrderedDict([('App', _app_name(shown['app']) if shown['app'] else shown['path']),
                         ('Handler', shown['handler']), ('EntryPoint', shown['entryPoint']),
                         ('Python', _short(shown['pythonPath'])), ('Warnings', len(shown['warnings']))])]


def diff_table(answer):
    """One row per line of the diff. The bar keeps the indentation, which tables strip."""
    return [OrderedDict([('Diff', f'|{line}')]) for line in answer['diff'].splitlines()]


def changes_or_none_table(answer):
    """One row per change; without any, one row that says so."""
    rows = changes_table(answer)
    if rows:
        return rows
    app = _app_name(answer['app']) if answer['app'] else None
    return [OrderedDict([('App', app), ('Changed', 'no')])]


def job_table(job):
    """The row of `job show`, `job wait` and `job cancel`."""
    return [OrderedDict([('Id', job['id']), ('Command', job['command']), ('State', job['state']),
                         ('ExitCode', job['exitCode']), ('StartedAt', job['startedAt'])])]


def jobs_table(jobs):
    """Rows of `job list`."""
    return [row for job in jobs for row in job_table(job)]


def packages_table(packages):
    """Rows of `package list` and `package outdated`."""
    return [OrderedDict([('Name', row['name']), ('Version', row['version'])] +
                        ([('Latest', row['latestVersion'])] if 'latestVersion' in row else []))
            for row in packages]


def requirements_table(packages):
    """Rows of `package freeze`."""
    return [OrderedDict([('Requirement', row['requirement'])]) for row in packages]


def check_table(answer):
    """The row of `package check`, which fails when there are problems."""
    return [OrderedDict([('Ok', _yes_no(answer['ok'])), ('Problems', len(answer['problems']))])]


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
