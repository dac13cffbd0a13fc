"""Settings of a Django project with one page and a form."""
import os

SECRET_KEY = os.environ.get("SECRET_KEY", "only-for-a-page-that-says-hello")
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "hello.urls"
WSGI_APPLICATION = "hello.wsgi.application"
INSTALLED_APPS = []
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [], "APP_DIRS": True}]
DATABASES = {}
USE_TZ = True
STATIC_URL = "/static/"
