"""What stands for python.exe on a worker without a Windows: this Python, in another Python's folder.

    <python> -I -S python_exe.py <path of the runtime's python.exe> <python.exe's own arguments>

It claims the version that the file `claim` beside python.exe names, has its packages in Lib/site-packages there, and
takes pip from where `pip` says. Windows paths below %HOME% in parameters that come as JSON become paths of this machine.
"""

import os
import sys

FLAGS = "bBdEIOPqRsSuvx"


def main():
    """Run what python.exe is asked to run."""
    program, rest = sys.argv[1], sys.argv[2:]
    folder = os.path.dirname(os.path.abspath(program))
    flags = ""
    while rest and rest[0][:1] == "-" and rest[0][1:] and set(rest[0][1:]) <= set(FLAGS):
        flags += rest.pop(0)[1:]
    become(program, folder, flags)
    scope = {"__name__": "__main__", "__builtins__": __builtins__}
    if rest[:1] == ["-c"]:
        sys.argv[:] = ["-c", *rest[2:]]
        sys.path.insert(0, "")
        exec(compile(rest[1], "<string>", "exec"), scope)  # pylint: disable=exec-used
    elif rest[:1] == ["-m"]:
        import runpy

        sys.argv[:] = [rest[1], *rest[2:]]
        sys.path.insert(0, os.getcwd())
        runpy.run_module(rest[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv[:] = rest
        sys.path.insert(0, os.path.dirname(os.path.abspath(rest[0])))
        with open(rest[0], "rb") as file:
            code = compile(file.read(), rest[0], "exec")
        sys.modules["__main__"].__file__ = rest[0]
        exec(code, {**scope, "__file__": rest[0]})  # pylint: disable=exec-used


def become(program, folder, flags):
    """Make this process a python.exe of that folder."""
    with open(os.path.join(folder, "claim"), encoding="ascii") as file:
        version = file.read().strip()
    sys.version = f"{version} (in place of a Windows build) [{sys.version.partition('[')[2]}"
    sys.executable = program
    sys.prefix = sys.exec_prefix = folder
    sys.dont_write_bytecode = "B" in flags
    if "u" in flags:
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(write_through=True)
    os.environ["HOME"] = os.environ["TMPDIR"] = os.path.dirname(os.path.dirname(folder))
    packages = os.path.join(folder, "Lib", "site-packages")
    import json
    import sysconfig

    for scheme in sysconfig._INSTALL_SCHEMES.values():  # pylint: disable=protected-access
        scheme.update({"purelib": packages, "platlib": packages, "scripts": os.path.join(folder, "Scripts")})
    if "S" not in flags:
        with open(os.path.join(folder, "pip"), encoding="utf-8") as file:
            sys.path += [packages, file.read().strip()]
    loads, home = json.loads, os.path.dirname(folder)
    json.loads = lambda text, *more, **options: translated(loads(text, *more, **options), home)


def translated(value, home):
    r"""Return a JSON value in which D:\home\site\wwwroot is the folder of this machine."""
    if isinstance(value, dict):
        return {name: translated(each, home) for name, each in value.items()}
    if isinstance(value, list):
        return [translated(each, home) for each in value]
    if isinstance(value, str) and value[:8].lower() in ("d:\\home\\", "c:\\home\\"):
        return os.path.join(home, *value[8:].split("\\"))
    return value


if __name__ == "__main__":
    main()
