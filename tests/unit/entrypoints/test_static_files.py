"""Who serves the static files of a Django or Flask app, as far as its files say it; they are never run."""

from __future__ import annotations

import pytest

from azext_pythonapp.entrypoints.application import EntryPoint
from azext_pythonapp.entrypoints.static_files import StaticFiles, static_files

WSGI = b"from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n"
SETTINGS = b'INSTALLED_APPS = ["django.contrib.staticfiles"]\nROOT_URLCONF = "shop.urls"\nSTATIC_URL = "static/"\n'
URLS = b'from django.urls import path\nurlpatterns = [path("", None)]\n'
DJANGO = EntryPoint("shop.wsgi", "application", "django", "", "shop.settings")
FLASK = EntryPoint("app", "app", "flask", "")


def found(entry: EntryPoint = DJANGO, **files: bytes | None) -> StaticFiles | None:
    """files: by name, with "__" for "/" ("/__init__" stays) and without ".py"."""
    contents = {"shop/wsgi.py": WSGI, "shop/settings.py": SETTINGS, "shop/urls.py": URLS}
    contents.update(
        {f"{name.replace('__', '/').replace('//init/', '/__init__')}.py": content for name, content in files.items()}
    )
    return static_files(entry, contents.get)


NOBODY = StaticFiles("/static/", "static", None, True)


@pytest.mark.parametrize("url", [b'"static/"', b'"/static/"', b"'/static'"])
def test_django_serves_none(url: bytes) -> None:
    assert found(shop__settings=SETTINGS.replace(b'"static/"', url)) == NOBODY


def test_the_address_is_a_path_of_folders() -> None:
    assert found(shop__settings=SETTINGS.replace(b"static/", b"/assets/v2/")) == StaticFiles(
        "/assets/v2/", "assets/v2", None, True
    )


def test_an_app_without_the_application_for_it_may_have_none() -> None:
    assert found(shop__settings=b'STATIC_URL = "/static/"\n') == StaticFiles("/static/", "static", None, False)


def test_whitenoise_serves_them() -> None:
    middleware = SETTINGS + b'MIDDLEWARE = ["whitenoise.middleware.WhiteNoiseMiddleware"]\n'
    wsgi = WSGI + b"from whitenoise import WhiteNoise\napplication = WhiteNoise(application)\n"
    for files in ({"shop__settings": middleware}, {"shop__wsgi": wsgi}):
        assert found(**files) == StaticFiles("/static/", "static", "WhiteNoise", True)


@pytest.mark.parametrize(
    "line",
    [
        b"from django.views.static import serve\n",
        b"from django.contrib.staticfiles.urls import staticfiles_urlpatterns\n",
        b"from django.conf.urls.static import static\n",
    ],
)
def test_urls_that_may_serve_them(line: bytes) -> None:
    assert found(shop__urls=line + URLS) == StaticFiles("/static/", "static", "Django", True)


@pytest.mark.parametrize(
    "settings",
    [
        None,
        b"import os\n",
        b'STATIC_URL = "https://cdn.example.com/"\n',
        b'STATIC_URL = os.environ["X"]\n',
        b'STATIC_URL = "/"\n',
        b'STATIC_URL = "/../x/"\n',
        b"STATIC_URL = (\n",
    ],
)
def test_what_is_not_known_is_not_told(settings: bytes | None) -> None:
    assert found(shop__settings=settings) is None


def test_settings_in_a_package_and_below_a_folder() -> None:
    entry = EntryPoint("shop.wsgi", "application", "django", "", "shop.settings.production", folder="src")
    contents = {"src/shop/settings/production.py": SETTINGS, "src/shop/wsgi.py": WSGI}
    assert static_files(entry, contents.get) == NOBODY
    entry = EntryPoint("shop.wsgi", "application", "django", "", "shop.settings")
    assert static_files(entry, {"shop/settings/__init__.py": SETTINGS}.get) == NOBODY


def test_flask_serves_its_own_folder() -> None:
    assert found(FLASK, app=b"app = Flask(__name__)\n") == StaticFiles("/static/", "static", "Flask", False)
    inner = EntryPoint("shop.web", "create()", "flask", "", folder="src")
    factory = b"def create():\n    return Flask(__name__)\n"
    assert found(inner, src__shop__web=factory) == StaticFiles("/static/", "src/shop/static", "Flask", False)
    package = EntryPoint("shop", "create()", "flask", "")
    assert found(package, shop____init__=factory) == StaticFiles("/static/", "shop/static", "Flask", False)
    assert found(FLASK, app=b"from shop import create\napp = create()\n") is None
    assert found(FLASK, app=b"app = Flask(__name__, static_folder=None)\n") is None


def test_other_frameworks_are_not_told_of() -> None:
    assert found(EntryPoint("app", "app", "fastapi", "")) is None
    assert found(EntryPoint("shop.wsgi", "application", "django", "")) is None


NOISE = b'MIDDLEWARE = ["whitenoise.middleware.WhiteNoiseMiddleware"]\n'


@pytest.mark.parametrize(
    "settings, base",
    [
        (b"from shop.base import *\nDEBUG = False\n", SETTINGS + NOISE),
        (b"from .base import *\nSTATIC_URL = 'static/'\n", SETTINGS.replace(b"static/", b"other/") + NOISE),
        (SETTINGS + b"from .base import MIDDLEWARE\n", NOISE),
        (SETTINGS + NOISE + b"MIDDLEWARE = ['a'] + MIDDLEWARE\n", b""),
    ],
)
def test_settings_in_several_modules(settings: bytes, base: bytes) -> None:
    assert found(shop__settings=settings, shop__base=base) == StaticFiles("/static/", "static", "WhiteNoise", True)
    package = {"shop/settings/__init__.py": settings.replace(b"shop.base", b".base"), "shop/settings/base.py": base}
    assert static_files(DJANGO, {"shop/urls.py": URLS, **package}.get) == StaticFiles(
        "/static/", "static", "WhiteNoise", True
    )


@pytest.mark.parametrize(
    "more",
    [
        b"from elsewhere import *\n",
        b"from elsewhere import MIDDLEWARE\n",
        b"import django_heroku\ndjango_heroku.settings(locals())\n",
        b"if S3:\n    STATIC_URL = 'https://cdn.example.com/'\n",
        b"STORAGES = {'staticfiles': {'BACKEND': 'storages.backends.azure_storage.AzureStorage'}}\n",
        b"STATICFILES_STORAGE = 'shop.storage.Files'\n",
        b"STATICFILES_STORAGE = 'whitenoise.storage.CompressedManifestStaticFilesStorage'\n",
        b"MIDDLEWARE = ['servestatic.middleware.ServeStaticMiddleware']\n",
        b"from .settings import *\n" * 2 + b"exec(open('x').read())\n",
    ],
)
def test_settings_that_may_serve_them_in_another_way(more: bytes) -> None:
    assert found(shop__settings=SETTINGS + more) is None


@pytest.mark.parametrize(
    "line", [b"from dj_static import Cling\n", b"from django.contrib.staticfiles.handlers import StaticFilesHandler\n"]
)
def test_a_wrapper_in_the_entry_point(line: bytes) -> None:
    assert found(shop__wsgi=line + WSGI) is None


def test_a_storage_of_django_keeps_them_in_place() -> None:
    storage = b"STATICFILES_STORAGE = 'django.contrib.staticfiles.storage.ManifestStaticFilesStorage'\n"
    assert found(shop__settings=SETTINGS + storage) == NOBODY
    assert found(shop__settings=SETTINGS + b"from .settings import *\n") == NOBODY
    assert found(shop__settings=SETTINGS.replace(b"STATIC_URL =", b"STATIC_URL: str =")) == NOBODY
