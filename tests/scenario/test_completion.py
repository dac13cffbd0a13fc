"""Tab completion through the real az: argcomplete's protocol, which a shell's completion function speaks."""

from __future__ import annotations

import os
import subprocess
import time

from tests.scenario.apps import naming
from tests.scenario.az import Az


def completed(az: Az, line: str) -> set[str]:
    """What a shell is offered at the end of a command line: az writes it to descriptor 8, its troubles to 9.

    The shell throws standard output and standard error away.
    """
    reader, writer = os.pipe()
    environment = az.environment | {
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
        "AZ": str(az.executable),
    }
    redirected = f'exec "$AZ" 8>&{writer} 9>&2 1>/dev/null 2>/dev/null'
    with subprocess.Popen(
        ["bash", "-c", redirected],
        env=environment,
        cwd=az.folder,
        pass_fds=[writer],
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        os.close(writer)
        with os.fdopen(reader, encoding="utf-8") as offered:
            words = offered.read()
        said, _ = process.communicate(timeout=60)
    assert said == "", said
    return {word.strip() for word in words.split("\n") if word.strip()}


def offered(az: Az, line: str, *wanted: str) -> set[str]:
    """The same, asked for again until something comes, and all that is wanted: what takes longer than a person waits is
    left out, and a busy machine takes long."""
    deadline = time.monotonic() + 600
    while True:
        found = completed(az, line)
        if (found and found.issuperset(wanted)) or time.monotonic() > deadline:
            return found


def test_versions_and_ids_come_from_the_app_that_the_line_names(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    named = " ".join(naming(site))
    wanted = {"3.11", "3.11.9", "3.8", "3.6", "3.6.4", "3.13.2"}
    versions = offered(az, f"az webapp python install {named} --version 3.", *wanted)
    assert wanted <= versions and not {"2.7", "3.15", "3.15.99"} & versions
    assert offered(az, f"az webapp python set-version {named} --version 3.11") == {"3.11", "3.11.9"}
    wanted = {"azureappservice-python364x64", "pythonapp-python3132x64"}
    ids = offered(az, f"az webapp python install {named} --extension-id ", *wanted)
    assert wanted <= ids and "mallory-python31599x64" not in ids
    assert offered(az, f"az webapp python install {named} --extension-id naked") == {"NakedObjects-python3111x64"}
    assert offered(az, f"az webapp python uninstall {named} --extension-id ") == {"Contoso-python3810x64"}


def test_slots_jobs_and_installed_things_are_offered(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    apps.new(slot="staging", of=site)
    apps.new(slot="blue", of=site)
    jobs = site.machine.home / "data/pythonapp/jobs"
    for job in ("20261126-155551-f8df", "20261125-155551-f8df"):
        (jobs / job).mkdir(parents=True)
    named, before = " ".join(naming(site)), len(azure.mutating_requests())
    assert offered(az, f"az webapp python show {named} -s ") == {"staging", "blue"}
    assert offered(az, f"az webapp python show {named} --slot St") == {"staging"}
    assert offered(az, f"az webapp python job wait {named} --job-id 20261126") == {"20261126-155551-f8df"}
    packages = offered(az, f"az webapp python package uninstall {named} --packages w")
    assert packages == {"wfastcgi"}
    assert offered(az, f"az webapp python uninstall {named} --version 3") == {"3.8", "3.8.10"}
    assert offered(az, f"az webapp python set-version {named} --handler f") == {"fastcgi"}
    assert {path.name for path in jobs.iterdir()} >= {"20261126-155551-f8df", "20261125-155551-f8df"}
    assert len(azure.mutating_requests()) == before


def test_without_an_app_the_public_gallery_is_asked(az, azure):
    assert {"3.6", "3.6.2", "3.6.4"} == offered(az, "az webapp python list-versions --version 3.6")


def test_it_is_silent_when_there_is_no_answer(az, apps):
    assert completed(az, "az webapp python install -g rg -n no-such-app --version 3.") == set()
    site = apps.new()
    site.switches.bearer_refused = True
    assert completed(az, f"az webapp python install {' '.join(naming(site))} --version 3.") == set()


def test_it_does_not_wait_for_an_azure_that_is_slow(az, apps):
    """Throttled requests are repeated for minutes; nobody waits that long for a Tab."""
    site = apps.new()
    site.switches.arm_429_times = 1000
    began = time.monotonic()
    assert completed(az, f"az webapp python install {' '.join(naming(site))} --version 3.") == set()
    assert time.monotonic() - began < 100
