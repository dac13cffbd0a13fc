"""Python runtimes: which can be installed, which are on an app, and what their names mean.

versions         version numbers, and what --version asks for ("3", "3.6", "3.6.4", "latest")
official         the trusted packages, as data
identity         extension id <-> version <-> architecture <-> folder
registration     the FastCGI applications that a runtime registers with IIS
extension        one site extension as Kudu, Resource Manager or a gallery describes it
catalogue        the runtimes that can be installed, from all sources: sorted, filtered, resolved to one package
gallery          the public gallery of site extensions, for commands without an app
end_of_life      until when python.org supports a version
cpython          python.org's own builds of CPython, and the runtimes that are made of them
nuget            those in the NuGet gallery
python_org       those in the feed of python.org
cpython_package  the content of such a package, and how it becomes a site extension
probe            run each python.exe on the worker for its version
discovery        the Pythons on an app

Nothing here uses HTTP: callers pass plain values and small protocols.
"""
