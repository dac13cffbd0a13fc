"""Which Pythons there are: what a gallery offers, what an app has, and how a package names one.

versions       version numbers and the user's wish for one ("3", "3.6", "3.6.4", "latest")
official       whose packages are trusted, as data
identity       extension id <-> version <-> architecture <-> folder
registration   whether IIS knows a Python for FastCGI
extension      one site extension as Kudu, ARM or a gallery describes it
catalogue      what can be installed: all sources together, sorted, filtered, a wish resolved to one package
gallery        the public gallery, for when no app is given
lifecycle      until when python.org supports a version
location       the names under which the worker knows one and the same path
nuget          python.org's releases in the NuGet gallery
nuget_package  what is in such a package, and how it becomes a site extension
interrogation  asking Pythons what they are
worker         what is needed of the SCM site
discovery      the Pythons on an app

Nothing here speaks HTTP: callers hand in plain values and small protocols.
"""
