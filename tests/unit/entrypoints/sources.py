"""Source files of apps in which an entry point is looked for."""

from __future__ import annotations

FLASK = "from flask import Flask\napp = Flask(__name__)\n"
FASTAPI = "from fastapi import FastAPI\n\napp = FastAPI()\n"
MANAGE = (
    "import os, sys\ndef main():\n    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings')\n"
    "if __name__ == '__main__':\n    main()\n"
)
DJANGO_WSGI = (
    "import os\nfrom django.core.wsgi import get_wsgi_application\n"
    "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings')\napplication = get_wsgi_application()\n"
)
DJANGO_IN_A_FOLDER: dict[str, str | bytes] = {
    "backend/manage.py": MANAGE,
    "backend/config/wsgi.py": DJANGO_WSGI,
    "backend/config/settings.py": "",
    "backend/config/__init__.py": "",
}
