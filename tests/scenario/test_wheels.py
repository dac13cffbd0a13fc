"""`install-requirements --wheel-dir`: local wheels go up once, those that do not fit not at all."""
from __future__ import annotations

import shutil

from tests.scenario.apps import naming, web_root
from tests.scenario.unchanged import unchanged

SIX, OTHER = 'six-1.16.0-py2.py3-none-any.whl', 'itsdangerous-2.2.0-py3-none-any.whl'
FITTING, UNFITTING = 'MarkupSafe-2.1.5-cp38-cp38-win_amd64.whl', 'MarkupSafe-3.0.2-cp311-cp311-win_amd64.whl'


def uploads(azure):
    """The archives that were put into the store of wheels."""
    return [str(request) for request in azure.requests
            if request.method == 'PUT' and '/api/zip/data/pythonapp/wheels' in request.path]


def test_wheels_go_up_once_and_pip_takes_them(az, azure, apps, windows, tmp_path):
    site = apps.prepared('wsgi_hello')
    folder = tmp_path / 'my wheels'
    folder.mkdir()
    for name in (SIX, FITTING, UNFITTING):
        shutil.copy(windows / 'index' / name, folder)
    requirements = tmp_path / 'requirements.txt'
    requirements.write_text('six\nmarkupsafe<3\n', encoding='utf-8')
    command = ('webapp python install-requirements --no-index --wheel-dir', folder, '-r', requirements, *naming(site))
    before = len(uploads(azure))

    with unchanged(azure, site):
        dry = az(*command, '--dry-run')
    assert f'not uploaded, because Python 3.8.10 x64 does not take them: {UNFITTING}' in dry.stderr, dry
    assert dry.json['changed'] is True

    first = az(*command)
    assert f"Uploading 2 wheels (0.0 MB) to app '{site.name}'." in first.stderr, first
    installed = {(row['name'].lower(), row['version']) for row in first.json['installed']}
    assert installed == {('six', '1.16.0'), ('markupsafe', '2.1.5')}
    assert len(uploads(azure)) - before == 1
    store = site.machine.home / 'data' / 'pythonapp' / 'wheels'
    assert {path.name for path in store.glob('*/*.whl')} == {SIX, FITTING}

    with unchanged(azure, site):
        assert az(*command).json['changed'] is False

    shutil.copy(windows / 'index' / OTHER, folder)
    requirements.write_text('six\nmarkupsafe<3\nitsdangerous\n', encoding='utf-8')
    second = az(*command)
    assert 'Uploading 1 wheel (' in second.stderr and '2 are there already' in second.stderr, second
    assert second.json['installed'] == [{'name': 'itsdangerous', 'version': '2.2.0'}]

    az('webapp python package uninstall --yes --packages six', *naming(site))
    third = az(*command)
    assert '3 wheels that fit are on' in third.stderr, third
    assert third.json['installed'] == [{'name': 'six', 'version': '1.16.0'}]
    assert len(uploads(azure)) - before == 2


def test_a_requirement_with_unfitting_wheels_only_is_refused_before_anything_is_sent(az, azure, apps, windows,
                                                                                     tmp_path):
    site = apps.prepared('wsgi_hello')
    shutil.copy(windows / 'index' / UNFITTING, tmp_path)
    (web_root(site) / 'requirements.txt').write_text('markupsafe\n', encoding='utf-8')
    with unchanged(azure, site):
        refused = az('webapp python install-requirements --wheel-dir', tmp_path, *naming(site), expect=2)
    assert f'None of the wheels of markupsafe fits Python 3.8.10 x64, which takes cp38 win_amd64: {UNFITTING}' in \
        refused.stderr, refused
    assert 'pip download markupsafe' in refused.stderr


def test_a_wheel_that_arrived_broken_is_not_installed(az, apps, windows, tmp_path):
    site = apps.prepared('wsgi_hello')
    shutil.copy(windows / 'index' / SIX, tmp_path)
    (tmp_path / 'requirements.txt').write_text('six\n', encoding='utf-8')
    command = ('webapp python install-requirements --no-index --wheel-dir', tmp_path, '-r',
               tmp_path / 'requirements.txt', *naming(site))
    az(*command)
    az('webapp python package uninstall --yes --packages six', *naming(site))
    (wheel,) = (site.machine.home / 'data' / 'pythonapp' / 'wheels').glob('*/*.whl')
    wheel.write_bytes(wheel.read_bytes()[:-1] + b'?')
    failed = az(*command, expect=1)
    assert 'No package was changed' in failed.stderr, failed
    assert not (site.machine.home / 'python3810x64' / 'Lib' / 'site-packages' / 'six.py').exists()
