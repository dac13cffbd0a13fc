"""The pages."""
import sys

import django
from django.http import HttpResponse
from django.template import Context, Engine
from django.urls import path

PAGE = """<h1>Hello from Django {{ django }} on Python {{ python }}</h1>
<p>served by: {{ server }}</p>
<p><link rel="stylesheet" href="/static/hello.css"></p>
"""


def hello(request):
    """The page; its text goes through Django's template engine."""
    facts = Context({"django": django.get_version(), "python": sys.version.split()[0],
                     "server": request.META.get("SERVER_SOFTWARE", "")})
    return HttpResponse(Engine().from_string(PAGE).render(facts))


urlpatterns = [path("", hello)]
