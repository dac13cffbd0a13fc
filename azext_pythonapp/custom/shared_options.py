"""Options that several commands take: each list of them is written once, and az finds it in every such command."""

from inspect import Parameter, signature

from azext_pythonapp.custom.printed import version_as_printed


def with_options_of(read):
    """Return a decorator that gives a command the keyword-only parameters of a function in place of its **options.

    az makes a command's options from `inspect.signature` (extract_args_from_signature of knack), which returns what
    `__signature__` holds, where a function has it (PEP 362). read: the function that the command passes **options to.
    Raises ValueError when the command has a parameter of the same name.
    """
    shared = [each for each in signature(read).parameters.values() if each.kind is Parameter.KEYWORD_ONLY]

    def decorated(function):
        declared = signature(function)
        own = [each for each in declared.parameters.values() if each.kind is not Parameter.VAR_KEYWORD]
        function.__signature__ = declared.replace(parameters=[*own, *shared])
        return function

    return decorated


def switch_request(
    version,
    *,
    architecture=None,
    handler="auto",
    app=None,
    startup_command=None,
    static_path=None,
    packages_in=None,
    no_requirements=False,
    no_restart=False,
    health_path=None,
    health_timeout=None,
    no_health_check=False,
    no_import_check=False,
    pre=False,
    yes=False,
):
    """Return what set-version and publish make an app run, and how, read and checked."""
    from azext_pythonapp.operations.app import health_check
    from azext_pythonapp.operations.set_version import options

    version, architecture = version_as_printed(version, architecture)
    health = health_check.HealthOptions.from_options(path=health_path, seconds=health_timeout)
    return options.SetVersionRequest.from_options(
        version=version,
        architecture=architecture,
        handler=handler,
        app=app,
        startup_command=startup_command,
        requirements=not no_requirements,
        restart=not no_restart,
        health=None if no_health_check else health,
        confirmed=yes,
        import_check=not no_import_check,
        prereleases=pre,
        static=static_path or (),
        packages_in=packages_in,
    )
