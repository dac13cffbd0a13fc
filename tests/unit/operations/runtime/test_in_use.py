"""What keeps a runtime from being uninstalled: any path below its folder, wherever the app names one."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from azext_pythonapp.appservice.site import SiteConfiguration, VirtualApplication
from azext_pythonapp.errors import AccessDenied, InvalidWebConfig, NotFound
from azext_pythonapp.operations.runtime.in_use import shortened, uses_of_runtime
from azext_pythonapp.webconfig import paths
from tests.unit.progress import Recorded

PYTHON = r"D:\home\python364x64\python.exe"


def element(text: str) -> str:
    return f"<configuration>\n  <system.webServer>\n    {text}\n  </system.webServer>\n</configuration>\n"


class Home:
    """%HOME% in a folder of this machine."""

    def __init__(self, folder: Path):
        self._folder = folder

    def home(self) -> str:
        return r"D:\home"

    def read(self, name: str) -> Any:
        file = self._folder / name
        if not file.is_file():
            raise NotFound(name)
        return SimpleNamespace(content=file.read_bytes())

    def list_directory(self, name: str) -> list[Any]:
        if not (self._folder / name).is_dir():
            raise NotFound(name)
        return [SimpleNamespace(name=each.name, is_directory=each.is_dir()) for each in (self._folder / name).iterdir()]


def app(
    folder: Path,
    settings: dict[str, str] | None = None,
    applications: tuple[tuple[str, str], ...] = (("/", r"site\wwwroot"),),
) -> Any:
    said: list[str] = []

    def app_settings(_: Any) -> dict[str, str]:
        if settings is None:
            raise AccessDenied("no")
        return settings

    configuration = SiteConfiguration(False, tuple(VirtualApplication(*each) for each in applications))
    arm = SimpleNamespace(configuration=lambda _: configuration, app_settings=app_settings)
    return SimpleNamespace(
        arm=arm,
        kudu=Home(folder),
        site=SimpleNamespace(label="app 'shop'"),
        said=said,
        progress=Recorded(said),
        say_once=said.append,
    )


def put(folder: Path, name: str, content: str) -> None:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)


@pytest.mark.parametrize(
    "value",
    [
        r"D:\home\python364x64\Scripts\uvicorn.exe",
        r"C:\home\Python364x64\python.exe",
        r"%HOME%\python364x64",
        r"%home%/python364x64/x",
        r"%SystemDrive%\home\python364x64\Lib",
        r"..\..\python364x64\python.exe",
        r".\..\..\python364x64\python.exe",
        r"D:\home\.\python364x64\python.exe",
        r"x;D:\home\python364x64;y",
        r"&quot;D:\home\python364x64\python.exe&quot; -c",
        r"D:\home\python364x64\python.exe|D:\home\python364x64\wfastcgi.py",
        r"D:&#92;home&#92;python364x64",
    ],
)
def test_every_spelling_in_any_element(tmp_path: Path, value: str) -> None:
    put(tmp_path, "site/wwwroot/web.config", element(f'<anything some="{value}" />'))
    assert uses_of_runtime(app(tmp_path, {}), PYTHON) == ["site/wwwroot/web.config line 3 (some of <anything>)"]


@pytest.mark.parametrize(
    "value",
    [
        r"D:\home\python364x64b\python.exe",
        r"D:\home\python364x64-old",
        r"D:\home\site\python364x64",
        "python364x64",
        r"D:\home\python3119x64\python.exe",
        r"D:\home2\python364x64",
    ],
)
def test_what_only_looks_like_it(tmp_path: Path, value: str) -> None:
    put(tmp_path, "site/wwwroot/web.config", element(f'<!-- {PYTHON} -->\n<anything some="{value}" />'))
    assert uses_of_runtime(app(tmp_path, {"A": value}), PYTHON) == []


def test_every_place_that_can_name_a_runtime(tmp_path: Path) -> None:
    put(
        tmp_path,
        "site/wwwroot/web.config",
        "<configuration>\n<!-- D:\\home\\python364x64\n\\x -->\n"
        f"<location path='api'><httpPlatform processPath='{PYTHON}'/></location>\n<value>{PYTHON}</value>\n</configuration>",
    )
    put(tmp_path, "site/wwwroot/api/web.config", element(f'<add name="X" scriptProcessor="{PYTHON}|x" />'))
    put(tmp_path, "site/wwwroot/node_modules/web.config", element(f'<add name="X" scriptProcessor="{PYTHON}|x" />'))
    put(tmp_path, "site/admin/web.config", element('<add key="PYTHONHOME" value="D:\\home\\python364x64" />'))
    shop = app(
        tmp_path,
        {"PATH": r"D:\home\python364x64;secret", "OTHER": "1"},
        (("/", r"site\wwwroot"), ("/admin", r"site\admin"), ("/gone", r"site\gone")),
    )
    assert uses_of_runtime(shop, PYTHON) == [
        "site/wwwroot/web.config line 4 (processPath of <httpPlatform>)",
        "site/wwwroot/web.config line 5 (the text of an element)",
        "site/wwwroot/api/web.config line 3 (scriptProcessor of <add> 'X')",
        "site/admin/web.config line 3 (value of <add> 'PYTHONHOME')",
        "the app setting PATH",
    ]


def test_a_file_that_cannot_be_read_may_name_anything(tmp_path: Path) -> None:
    put(tmp_path, "site/wwwroot/api/web.config", "<configuration>")
    with pytest.raises(InvalidWebConfig, match="^site/wwwroot/api/web.config: "):
        uses_of_runtime(app(tmp_path, {}), PYTHON)


def test_settings_that_may_not_be_seen_are_said(tmp_path: Path) -> None:
    shop = app(tmp_path)
    assert uses_of_runtime(shop, PYTHON) == [] and "not known" in shop.said[0]


def test_a_python_outside_of_home_has_no_folder_to_lose(tmp_path: Path) -> None:
    put(tmp_path, "site/wwwroot/web.config", element(r'<anything some="D:\Python34\python.exe" />'))
    assert uses_of_runtime(app(tmp_path, {}), r"D:\Python34\python.exe") == []


def test_many_places_are_counted() -> None:
    assert shortened([str(number) for number in range(8)]) == "0, 1, 2, 3, 4 and 3 more"


@pytest.mark.parametrize(
    "text, expected",
    [
        (r"D:\home\python364x64", r"D:\home\python3119x64"),
        (r"%HOME%/python364x64/Lib/site-packages;D:\home\x", r"%HOME%/python3119x64/Lib/site-packages;D:\home\x"),
        (r"D:\home\python364x64\Scripts\streamlit.exe run", r"D:\home\python3119x64\Scripts\streamlit.exe run"),
        (r"D:\home\python364x64\data\shop.db", r"D:\home\python364x64\data\shop.db"),
    ],
)
def test_only_what_every_python_has_is_moved(text: str, expected: str) -> None:
    assert paths.moved(text, "python364x64", r"%HOME%\python3119x64\python.exe") == expected


def test_a_virtual_environment_is_known_by_its_folder() -> None:
    for spelling in (
        r".\venv\Scripts\python.exe",
        r"D:/home/site/wwwroot/venv/Scripts/python.exe",
        r"%HOME%\site\wwwroot\venv\Scripts\python.exe",
    ):
        folder = paths.environment_folder(spelling)
        assert folder is not None and paths.runtime_folder(spelling) is None
        assert paths.below(folder).search(r".\venv\Lib\site-packages") and paths.below(folder).search(
            r"D:\home\site\wwwroot\venv\Lib"
        )
