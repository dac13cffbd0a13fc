"""Help of package audit and package sbom."""

from knack.help_files import helps

helps["webapp python package audit"] = """
type: command
short-summary: List the known vulnerabilities of the installed packages.
long-summary: >-
    Compares the names and versions in site-packages, and in the folders of PYTHONPATH such as those of `package
    vendor`, with advisories in the format of OSV; no Python is started. Exit code 1 when there are any; the rows are
    printed all the same. Advisories that were withdrawn do not count, and one vulnerability under several ids has one
    row. `fixedIn` is the lowest version above the installed one that is not affected; it is null when there is none.
    Python itself is not in these advisories: `doctor` and `list-versions` tell until when a version gets fixes.
examples:
  - name: List the vulnerabilities.
    text: az webapp python package audit -g MyGroup -n MyApp -o table
  - name: Compare with a file, without a network.
    text: az webapp python package audit -g MyGroup -n MyApp --advisories all.zip
  - name: Write a file for code scanning.
    text: az webapp python package audit -g MyGroup -n MyApp --format sarif --output-file audit.sarif
  - name: Audit many apps.
    text: az webapp python package audit --ids @apps.txt
"""

helps["webapp python package sbom"] = """
type: command
short-summary: Print a software bill of materials in the format of CycloneDX 1.6.
long-summary: >-
    The app, the Python that it runs and every installed package, with versions, package URLs, licences, hashes and
    what requires what. One program on the worker reads the packages' metadata; nothing is changed. With
    SOURCE_DATE_EPOCH in the environment, the same packages give the same document.
examples:
  - name: Write the bill of materials to a file.
    text: az webapp python package sbom -g MyGroup -n MyApp --output-file sbom.cdx.json --output none
  - name: List every file with its hash.
    text: az webapp python package sbom -g MyGroup -n MyApp --files
"""
